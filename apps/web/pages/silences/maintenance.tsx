import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import type { MaintenanceList } from "../../kit/respond-api.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { Field, nameOf, Segments } from "../../respond/parts.tsx";
import { Dialog, Panel } from "../../ui/parts.tsx";

interface MaintenanceProps {
  environment: string;
  list: MaintenanceList;
  hosts: string[];
  reload(): void;
}

/** Hosts that are left alone: nothing is mended there, and runbooks do not start by themselves. */
export function MaintenancePanel({ environment, list, hosts, reload }: MaintenanceProps) {
  const { api } = useApplication();
  const messages = useMessages().respond;
  const formats = useFormats();
  const { may, why } = useMay();
  const act = useAct();
  const [open, setOpen] = useState(false);
  const own = list.maintenance.filter((one) => one.environment === environment);
  const windows = list.windows.filter((one) => one.environment === environment);
  return (
    <Panel
      title={messages.maintenance}
      aside={
        <button type="button" class="button small" disabled={!may} title={why} onClick={() => setOpen(true)}>
          {messages.beginMaintenance}
        </button>
      }
    >
      <ActOutcome act={act} />
      {own.length + windows.length === 0 && <p class="muted">{messages.noMaintenance}</p>}
      <ul class="plain-list">
        {own.map((one) => (
          <li key={one.id}>
            <div>
              <b>{one.host?.split("/").at(-1) ?? messages.allHosts}</b> {one.reason}
              <p class="muted">
                {nameOf(one.actor)} · {messages.untilTime(formats.dateTime(one.until))}
              </p>
            </div>
            <button
              type="button"
              class="button small"
              disabled={!may || act.busy}
              title={why}
              onClick={() => void act.run(() => api.endMaintenance(one.id)).then((done) => done && reload())}
            >
              {messages.endNow}
            </button>
          </li>
        ))}
        {windows.map(({ host, why: reason }) => (
          <li key={`${host} ${reason}`}>
            <div>
              <b>{host.split("/").at(-1)}</b> {reason}
            </div>
          </li>
        ))}
      </ul>
      {open && (
        <BeginDialog
          {...{ environment, hosts }}
          close={() => setOpen(false)}
          begun={() => {
            setOpen(false);
            reload();
          }}
        />
      )}
    </Panel>
  );
}

const lengths = ["30m", "1h", "2h", "8h", "24h"] as const;

function BeginDialog(props: { environment: string; hosts: string[]; close(): void; begun(): void }) {
  const { api } = useApplication();
  const messages = useMessages();
  const [host, setHost] = useState("");
  const [length, setLength] = useState<(typeof lengths)[number]>("1h");
  const [reason, setReason] = useState("");
  const act = useAct();
  const { respond } = messages;
  return (
    <Dialog title={respond.beginMaintenance} close={props.close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void act
            .run(() =>
              api.beginMaintenance({
                ...{ environment: props.environment, for: length, reason },
                ...(host !== "" && { host }),
              }),
            )
            .then((done) => done && props.begun());
        }}
      >
        <p class="muted">{respond.maintenanceDetail}</p>
        <Field label={messages.timeline.host}>
          <select value={host} onChange={(event) => setHost(event.currentTarget.value)}>
            <option value="">{respond.allHosts}</option>
            {props.hosts.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </Field>
        <div class="form-row">
          <span class="form-label">{respond.howLong}</span>
          <Segments
            label={respond.howLong}
            value={length}
            options={lengths.map((value) => ({ value, text: respond.lengths[value] }))}
            choose={(value) => setLength(value)}
          />
        </div>
        <Field label={respond.why}>
          <input
            type="text"
            required
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </Field>
        <ActOutcome act={act} />
        <footer class="form-foot">
          <button type="button" class="button push" onClick={props.close}>
            {messages.common.cancel}
          </button>
          <button type="submit" class="button primary" disabled={act.busy}>
            {respond.begin}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
