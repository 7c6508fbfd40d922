import type { Event } from "@havn/model";
import { useFormats } from "../kit/context.ts";
import { pathTo } from "../kit/router.ts";
import { Icon, type IconName } from "./icon.tsx";

const icons: Record<string, IconName> = {
  alert: "alert",
  apply: "deploy",
  check: "healthy",
  drift: "drift",
  host: "host",
  instance: "service",
  machine: "host",
  release: "service",
  rollback: "rollback",
  rollout: "deploy",
  signin: "key",
  token: "key",
};

/** What happened, newest first, as the server wrote it (English sentences). */
export function EventList({ events, label, fresh }: { events: Event[]; label: string; fresh?: number }) {
  return (
    <ol class="events" aria-label={label}>
      {events.map((event) => (
        <EventRow key={event.id} event={event} fresh={fresh !== undefined && event.id > fresh} />
      ))}
    </ol>
  );
}

function EventRow({ event, fresh }: { event: Event; fresh: boolean }) {
  const formats = useFormats();
  const link = linkOf(event);
  return (
    <li class={`event severity-${event.severity}${fresh ? " fresh" : ""}`}>
      <time dateTime={new Date(event.at).toISOString()} title={formats.dateTime(event.at)}>
        {formats.time(event.at)}
      </time>
      <span class="event-icon">
        <Icon name={toneIcon(event)} />
      </span>
      <span class="event-text" lang="en">
        {event.summary}
      </span>
      <span class="event-about">
        {link ? <a href={link.href}>{link.text}</a> : null}
        <code>{event.kind}</code>
        <span>{event.actor}</span>
      </span>
    </li>
  );
}

function toneIcon({ kind, severity }: Event): IconName {
  if (severity === "error") return "unhealthy";
  if (/resolved|healthy$|recovered|gone/.test(kind) && !kind.endsWith("unhealthy")) return "healthy";
  return icons[kind.split(".")[0] ?? ""] ?? "info";
}

function linkOf({ environment, address, host }: Event): { href: string; text: string } | undefined {
  if (!environment) return undefined;
  const [, type, name] = address?.split("/") ?? [];
  if (type === "service" && name)
    return {
      href: pathTo("/environments/:environment/services/:service", { environment, service: name }),
      text: name,
    };
  const hostName = type === "host" ? name : host?.split("/").at(-1);
  if (hostName)
    return {
      href: pathTo("/environments/:environment/hosts/:host", { environment, host: hostName }),
      text: hostName,
    };
  return undefined;
}
