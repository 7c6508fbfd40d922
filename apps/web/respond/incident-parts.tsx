import type { IncidentSummary } from "@havn/model";
import { useMessages } from "../kit/context.ts";
import { Badge, type Tone } from "./parts.tsx";

const tones: Record<IncidentSummary["state"], Tone> = { open: "bad", acknowledged: "warn", resolved: "good" };

export function IncidentState({ incident }: { incident: IncidentSummary }) {
  const { states, statuses } = useMessages().incidents;
  return (
    <>
      <Badge tone={tones[incident.state]}>{states[incident.state]}</Badge>
      {incident.state !== "resolved" && <Badge tone="quiet">{statuses[incident.status]}</Badge>}
    </>
  );
}

/** 5400000 → `1 h 30 min`. */
export function spanText(milliseconds: number): string {
  const minutes = Math.round(milliseconds / 60_000);
  if (minutes < 1) return `${Math.max(0, Math.round(milliseconds / 1000))} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
