import type { Alert } from "@havn/model";

/** Something that is wrong now: a rule's series, a check that fails, an instance that is down. */
export interface Condition {
  fingerprint: string;
  rule: string;
  environment: string;
  address?: string | undefined;
  /** Address of the host that it is about. */
  host?: string | undefined;
  severity: Alert["severity"];
  summary: string;
  labels: Record<string, string>;
  /** Of rules in Prometheus' form, filled in. */
  annotations?: Record<string, string> | undefined;
  value?: number | undefined;
  /** How long it must last before it fires. Milliseconds. */
  forMs: number;
  /** The instance's exit that raised it, by the agent's clock: only a later recovery ends it. */
  exitedAt?: number | undefined;
}

/** An alert with what its next state depends on. All times in milliseconds since the epoch. */
export interface AlertRecord extends Alert {
  state: "pending" | "firing" | "resolved";
  /** Which observer answers for it, for example `instances shop/host/web-1`. */
  scope: string;
  host?: string | undefined;
  forMs: number;
  exitedAt?: number | undefined;
  /** When it fired lately. */
  firings: number[];
  /** A flapping alert's condition is gone since then, but it is not believed yet. */
  quietSince?: number | undefined;
}

/** An alert that fired this often within the window flaps: it resolves only after a quiet while. */
const flapping = { windowMs: 300_000, firings: 5, quietMs: 30_000 };

/**
 * The alert's next state; undefined is inactive. inactive → pending → firing → resolved, where pending lasts `forMs`
 * (none at all for 0) and ends without a trace when the condition goes.
 */
export function advance(
  record: AlertRecord | undefined,
  seen: { scope: string; condition: Condition | undefined; now: number },
): AlertRecord | undefined {
  return seen.condition
    ? activate(record, { ...seen, condition: seen.condition })
    : record && deactivate(record, seen.now);
}

function activate(
  record: AlertRecord | undefined,
  { scope, condition, now }: { scope: string; condition: Condition; now: number },
): AlertRecord {
  const { forMs, exitedAt = record?.exitedAt, ...told } = condition;
  const going = record && record.state !== "resolved" ? record : undefined;
  const activeSince = going?.activeSince ?? now;
  const firings = (record?.firings ?? []).filter((at) => now - at < flapping.windowMs);
  const base = { ...told, scope, forMs, activeSince, ...(exitedAt !== undefined && { exitedAt }) };
  if (going?.state === "firing")
    return { ...base, state: "firing", firings, firingSince: going.firingSince ?? now };
  if (now - activeSince < forMs) return { ...base, state: "pending", firings };
  return { ...base, state: "firing", firingSince: now, firings: [...firings, now] };
}

function deactivate(record: AlertRecord, now: number): AlertRecord | undefined {
  switch (record.state) {
    case "pending":
      return undefined;
    case "resolved":
      return record;
    case "firing": {
      const recent = record.firings.filter((at) => now - at < flapping.windowMs).length;
      const quietSince = record.quietSince ?? now;
      if (recent >= flapping.firings && now - quietSince < flapping.quietMs) return { ...record, quietSince };
      const { quietSince: _, ...settled } = record;
      return { ...settled, state: "resolved", resolvedAt: now };
    }
  }
}

/** Which entry of the timeline the step from `before` to `after` is; undefined where it is none. */
export function transition(
  before: AlertRecord | undefined,
  after: AlertRecord | undefined,
): "firing" | "resolved" | undefined {
  if (!after || after.state === before?.state || after.state === "pending") return undefined;
  return after.state;
}
