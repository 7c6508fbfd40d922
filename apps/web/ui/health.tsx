import type { Health, HostStatus } from "@havn/model";
import { useMessages } from "../kit/context.ts";
import { Icon, type IconName } from "./icon.tsx";

/** A host is as well as its agent's connection, in the words of the page. */
export type ShownHealth = Health | "away";

export const hostHealth = (host: HostStatus): ShownHealth =>
  host.connected ? "healthy" : host.machine === "stopped" ? "stopped" : "away";

function iconOf(health: ShownHealth): IconName {
  switch (health) {
    case "healthy":
      return "healthy";
    case "unhealthy":
      return "unhealthy";
    case "away":
      return "warning";
    case "starting":
      return "starting";
    case "stopped":
      return "stopped";
    case "unknown":
      return "unknown";
  }
}

/** Health by shape, colour and word; `compact` keeps the word for screen readers and as a tooltip. */
export function HealthMark({ health, compact = false }: { health: ShownHealth; compact?: boolean }) {
  const word = useMessages().health[health];
  return (
    <span class={`health health-${health}`} title={compact ? word : undefined}>
      <Icon name={iconOf(health)} {...(compact ? { label: word } : {})} />
      {!compact && <span>{word}</span>}
    </span>
  );
}
