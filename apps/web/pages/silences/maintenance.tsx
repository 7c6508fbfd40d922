import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages, useNow } from "../../kit/context.ts";
import type { DeclaredWindow, Maintenance, MaintenanceList, Opening } from "../../kit/respond-api.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { Badge, nameOf } from "../../respond/parts.tsx";
import { Panel } from "../../ui/parts.tsx";
import { BeginDialog } from "./begin-maintenance.tsx";
import { Covered } from "./covered.tsx";

interface MaintenanceProps {
  environment: string;
  list: MaintenanceList;
  hosts: string[];
  reload(): void;
}

/** What is left alone now, and when it is again: begun by hand, or declared. */
export function MaintenancePanel({ environment, list, hosts, reload }: MaintenanceProps) {
  const messages = useMessages().maintenance;
  const { may, why } = useMay();
  const act = useAct();
  const [open, setOpen] = useState(false);
  const own = list.maintenance.filter((one) => one.environment === environment);
  const declared = list.declared.filter((one) => one.environment === environment);
  return (
    <Panel
      title={messages.title}
      aside={
        <button type="button" class="button small" disabled={!may} title={why} onClick={() => setOpen(true)}>
          {messages.start}
        </button>
      }
    >
      <ActOutcome act={act} />
      {own.length + declared.length === 0 && <p class="muted">{messages.none}</p>}
      <ul class="plain-list maintenance">
        {own.map((one) => (
          <Begun key={one.id} {...{ one, act, reload }} />
        ))}
        {declared.map((one) => (
          <Declared key={`${one.source} ${one.name} ${one.when}`} one={one} />
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

function Begun(props: { one: Maintenance; act: ReturnType<typeof useAct>; reload(): void }) {
  const { one, act, reload } = props;
  const { api } = useApplication();
  const messages = useMessages();
  const formats = useFormats();
  const { may, why } = useMay();
  const { environment, host, match } = one;
  return (
    <li>
      <div>
        <b>{host?.split("/").at(-1) ?? messages.maintenance.all}</b> <Matchers match={match} /> {one.reason}
        <p class="muted">
          {nameOf(one.actor)} ·{" "}
          {one.recurring ? <When next={one.next} /> : messages.respond.untilTime(formats.dateTime(one.until))}
        </p>
        {one.recurring && <Window when={one.recurring} next={one.next} />}
        <Covered wanted={{ environment, match, ...(host !== null && { of: [host] }) }} />
      </div>
      <button
        type="button"
        class="button small"
        disabled={!may || act.busy}
        title={why}
        onClick={() => void act.run(() => api.endMaintenance(one.id)).then((done) => done && reload())}
      >
        {messages.respond.endNow}
      </button>
    </li>
  );
}

function Declared({ one }: { one: DeclaredWindow }) {
  const messages = useMessages().maintenance;
  const { environment, of, match, name } = one;
  const where = of === null ? messages.all : of.map((address) => address.split("/").at(-1)).join(", ");
  return (
    <li>
      <div>
        <b>{where}</b> <Matchers match={match} /> {one.reason}{" "}
        <span title={messages.declaredHint}>
          <Badge tone="quiet">{one.source === "host" ? messages.byHost(name) : messages.declared}</Badge>
        </span>
        <p class="muted">
          {one.source === "declared" && `${name} · `}
          <When next={one.next} />
        </p>
        <Window when={{ text: one.when, for: one.for }} next={one.next} />
        <Covered wanted={{ environment, match, ...(of !== null && { of }) }} />
      </div>
    </li>
  );
}

const Matchers = ({ match }: { match: readonly string[] }) => (
  <>
    {match.map((text) => (
      <code key={text}>{text}</code>
    ))}
  </>
);

function When({ next: [next] }: { next: readonly Opening[] }) {
  const messages = useMessages().maintenance;
  const formats = useFormats();
  const now = useNow();
  if (!next) return <>{messages.never}</>;
  return next.from <= now ? (
    <b class="warn">{messages.open(formats.dateTime(next.until))}</b>
  ) : (
    <>{messages.next(formats.dateTime(next.from), formats.dateTime(next.until))}</>
  );
}

/** The rule as it is written, and the times after the next. */
function Window(props: {
  when: { text: string; for: string } | NonNullable<Maintenance["recurring"]>;
  next: readonly Opening[];
}) {
  const messages = useMessages().maintenance;
  const formats = useFormats();
  const { when } = props;
  const text = "text" in when ? when.text : `"${when.rrule ?? when.schedule}" ${when.zone}`;
  return (
    <details>
      <summary>
        <code>{text}</code> · {when.for}
      </summary>
      <ul aria-label={messages.after}>
        {props.next.slice(1).map(({ from, until }) => (
          <li key={from}>
            {formats.dateTime(from)} – {formats.dateTime(until)}
          </li>
        ))}
      </ul>
    </details>
  );
}
