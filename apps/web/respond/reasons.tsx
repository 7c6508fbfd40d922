import type { AlertView } from "@havn/model";
import { useFormats, useMessages } from "../kit/context.ts";
import type { SilenceView } from "../kit/respond-api.ts";
import { pathTo } from "../kit/router.ts";
import { Badge, nameOf } from "./parts.tsx";
import type { Row } from "./views.ts";

/** Why an alert is shown and told to nobody, in a few words each. */
export function ReasonBadges({ row }: { row: Row }) {
  const { alert, maintenance } = row;
  const messages = useMessages().respond;
  return (
    <>
      {alert.silencedBy.length > 0 && (
        <Badge tone="quiet" icon="mute">
          {messages.silenced}
        </Badge>
      )}
      {alert.inhibitedBy.length > 0 && (
        <Badge tone="quiet" icon="link">
          {messages.inhibited}
        </Badge>
      )}
      {alert.behind.length > 0 && (
        <Badge tone="quiet" icon="link">
          {messages.behind(alert.behind.join(", "))}
        </Badge>
      )}
      {alert.held.filter(isOwn(alert)).map(({ id, reason }) => (
        <Badge key={id} tone="quiet" icon="link">
          {reason}
        </Badge>
      ))}
      {maintenance !== undefined && (
        <Badge tone="info" icon="drift" title={maintenance}>
          {messages.inMaintenance}
        </Badge>
      )}
    </>
  );
}

/** What lies behind checks is told by their names, and so not once more. */
const isOwn = (alert: AlertView) => (hold: AlertView["held"][number]) =>
  hold.kind !== "behind" || alert.behind.length === 0;

/** The same, each with what it is and where to go. */
export function Reasons({ row, silences }: { row: Row; silences: readonly SilenceView[] }) {
  const { alert, maintenance } = row;
  const messages = useMessages().respond;
  const formats = useFormats();
  const { environment } = alert;
  const nothing =
    alert.silencedBy.length + alert.inhibitedBy.length + alert.behind.length + alert.held.length === 0 &&
    !maintenance;
  return (
    <ul class="reasons">
      {alert.silencedBy.map((id) => {
        const silence = silences.find((one) => one.id === id);
        return (
          <li key={id}>
            <a href={pathTo("/environments/:environment/silences", { environment }, { silence: id })}>
              {messages.silencedBy(silence ? nameOf(silence.createdBy) : id)}
            </a>{" "}
            {silence && messages.untilTime(formats.dateTime(Date.parse(silence.endsAt)))}
            {silence?.comment && <span class="muted"> {silence.comment}</span>}
          </li>
        );
      })}
      {alert.inhibitedBy.map((fingerprint) => (
        <li key={fingerprint}>
          <a href={pathTo("/environments/:environment/alerts/:alert", { environment, alert: fingerprint })}>
            {messages.inhibitedBy}
          </a>
        </li>
      ))}
      {alert.behind.map((check) => (
        <li key={check}>
          {messages.behindCheck}{" "}
          <a href={pathTo("/environments/:environment/checks/:check", { environment, check })}>{check}</a>
        </li>
      ))}
      {alert.held.filter(isOwn(alert)).map(({ id, reason, until }) => (
        <li key={id}>
          {reason} {until !== undefined && messages.untilTime(formats.dateTime(until))}
        </li>
      ))}
      {maintenance !== undefined && <li>{messages.hostInMaintenance(maintenance)}</li>}
      {nothing && alert.groups.length === 0 && <li class="muted">{messages.noRoute}</li>}
      {alert.groups.map(({ receiver }) => (
        <li key={receiver}>
          {nothing ? messages.toldTo : messages.wouldBeTold} <code>{receiver.split("/").at(-1)}</code>
        </li>
      ))}
    </ul>
  );
}
