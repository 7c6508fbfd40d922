import type { IncidentSummary } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useMessages } from "../../kit/context.ts";
import { type Act, ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { Field, Pick } from "../../respond/parts.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Dialog } from "../../ui/parts.tsx";

export function Buttons(props: { incident: IncidentSummary; act: Act; reload(): void }) {
  const { incident, act, reload } = props;
  const { api } = useApplication();
  const { incidents, alerts, respond } = useMessages();
  const { may, why } = useMay();
  const [resolving, setResolving] = useState(false);
  if (incident.state === "resolved") return null;
  const then = (done: boolean) => done && reload();
  return (
    <div class="actions">
      {may && (
        <span class="filter-bar">
          <Pick
            label={respond.severity}
            value={incident.severity}
            options={Object.entries(alerts.severities)}
            choose={(severity) =>
              void act
                .run(() =>
                  api.changeIncident(incident.id, { severity: severity as IncidentSummary["severity"] }),
                )
                .then(then)
            }
          />
        </span>
      )}
      <button
        type="button"
        class="button"
        disabled={!may || act.busy || incident.state === "acknowledged"}
        title={why}
        onClick={() =>
          void act
            .run(() => api.acknowledgeIncident(incident.id), respond.acknowledgedIncidents(1))
            .then(then)
        }
      >
        <Icon name="check" /> {respond.acknowledge}
      </button>
      <button
        type="button"
        class="button primary"
        disabled={!may}
        title={why}
        onClick={() => setResolving(true)}
      >
        {incidents.resolve}
      </button>
      {resolving && (
        <ResolveDialog
          incident={incident}
          close={() => setResolving(false)}
          done={() => {
            setResolving(false);
            reload();
          }}
        />
      )}
    </div>
  );
}

function ResolveDialog(props: { incident: IncidentSummary; close(): void; done(): void }) {
  const { api } = useApplication();
  const { incidents, common } = useMessages();
  const act = useAct();
  const [text, setText] = useState("");
  return (
    <Dialog title={incidents.resolveTitle} close={props.close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void act
            .run(() => api.resolveIncident(props.incident.id, text.trim()))
            .then((done) => done && props.done());
        }}
      >
        <Field label={incidents.lastWords} hint={props.incident.public ? incidents.toldPublic : undefined}>
          <textarea rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </Field>
        <ActOutcome act={act} />
        <footer class="form-foot">
          <button type="button" class="button push" onClick={props.close}>
            {common.cancel}
          </button>
          <button type="submit" class="button primary" disabled={act.busy}>
            {incidents.resolve}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
