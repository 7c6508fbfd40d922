import type { StatusPageView } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useMessages } from "../../kit/context.ts";
import type { ComponentState } from "../../kit/respond-api.ts";
import { type Act, useMay } from "../../respond/act.tsx";
import { Badge, Field, nameOf, Segments, type Tone } from "../../respond/parts.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Ago, Dialog } from "../../ui/parts.tsx";

const tones: Record<ComponentState, Tone> = {
  ...{ operational: "good", maintenance: "info", degraded: "warn", outage: "bad" },
};
const states: readonly ComponentState[] = ["operational", "maintenance", "degraded", "outage"];

type Component = StatusPageView["components"][number];

/** How each component fares; what somebody says stands beside what incidents say, and the worse counts. */
export function Components(props: { page: StatusPageView; act: Act; reload(): void }) {
  const { page, act, reload } = props;
  const { api } = useApplication();
  const messages = useMessages().incidents;
  const { may, why } = useMay();
  const [editing, setEditing] = useState<Component>();
  const say = (component: string, state: ComponentState, note: string) =>
    act.run(() => api.sayComponent(page, { component, state, note }), messages.componentSaid(component));
  return (
    <div class="stack">
      <h3>{messages.components}</h3>
      <ul class="plain-list" aria-label={messages.components}>
        {page.components.map((component) => (
          <li key={component.name}>
            <div>
              <b>{component.name}</b>{" "}
              <Badge tone={tones[component.state]}>{messages.componentStates[component.state]}</Badge>
              <p class="muted">
                {component.said ? (
                  <>
                    {component.said.note} · {nameOf(component.said.by)}, <Ago at={component.said.at} />
                  </>
                ) : (
                  component.services.join(", ")
                )}
              </p>
            </div>
            <button
              type="button"
              class="button small"
              disabled={!may}
              title={why}
              aria-label={messages.editComponent(component.name)}
              onClick={() => setEditing(component)}
            >
              <Icon name="edit" size={13} />
            </button>
          </li>
        ))}
      </ul>
      {editing && (
        <SayDialog
          component={editing}
          busy={act.busy}
          close={() => setEditing(undefined)}
          say={(state, note) =>
            void say(editing.name, state, note).then((done) => {
              setEditing(undefined);
              if (done) reload();
            })
          }
        />
      )}
    </div>
  );
}

function SayDialog(props: {
  component: Component;
  busy: boolean;
  close(): void;
  say(state: ComponentState, note: string): void;
}) {
  const { component, close } = props;
  const { incidents, common, respond } = useMessages();
  const [state, setState] = useState<ComponentState>(component.said?.state ?? component.state);
  const [note, setNote] = useState(component.said?.note ?? "");
  return (
    <Dialog title={incidents.editComponent(component.name)} close={close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          props.say(state, note);
        }}
      >
        <div class="form-row">
          <span class="form-label">{respond.state}</span>
          <Segments
            label={respond.state}
            value={state}
            options={states.map((value) => ({ value, text: incidents.componentStates[value] }))}
            choose={(value) => setState(value)}
          />
        </div>
        <Field label={incidents.componentNote}>
          <input type="text" value={note} onInput={(event) => setNote(event.currentTarget.value)} />
        </Field>
        <p class="muted">{incidents.componentDetail}</p>
        <footer class="form-foot">
          <button type="button" class="button push" onClick={close}>
            {common.cancel}
          </button>
          <button type="submit" class="button primary" disabled={props.busy}>
            {respond.save}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
