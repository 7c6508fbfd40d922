import {
  type Address,
  type Clock,
  formatAddress,
  formatDuration,
  type Gate,
  HavnError,
  parseDuration,
  withTimeout,
} from "@havn/model";
import { isOutage } from "@havn/postgres";
import type { Gates } from "../interfaces.ts";

export interface GateOptions {
  environment: string;
  /** Names of the hosts that were changed just before. */
  hosts: readonly string[];
  gates: Gates;
  clock: Clock;
  /** Shows what it waits for. */
  tell(detail: string): void;
}

const intervalMs = 500;
const queryTimeoutMs = 10_000;

/** Waits until what must be so is so, for as long as it must hold. Null when it passed, else why it did not in its time. */
export async function passGate(gate: Gate, options: GateOptions): Promise<string | null> {
  const { clock, tell } = options;
  const [holdsMs, timeoutMs] = [parseDuration(gate.holds), parseDuration(gate.timeout)];
  const began = clock.now();
  for (let since: number | undefined; ; ) {
    const obstacle = await findObstacle(gate, options);
    const now = clock.now();
    if (obstacle === undefined) since ??= now;
    else since = undefined;
    if (since !== undefined && now - since >= holdsMs) return null;
    if (now - began >= timeoutMs)
      return `the gate did not pass within ${gate.timeout}: ${obstacle ?? `it held for less than ${gate.holds}`}`;
    tell(obstacle ?? `holds for ${formatDuration(now - (since ?? now))} of ${gate.holds}`);
    await clock.sleep(Math.min(intervalMs, timeoutMs));
  }
}

/** What is not as it must be; undefined where everything is. */
async function findObstacle(gate: Gate, options: GateOptions): Promise<string | undefined> {
  const alerts = options.gates.alerts(options.environment);
  if (gate.check !== undefined) {
    const failing = alerts.find(({ address }) => address === gate.check);
    if (failing) return `${gate.check}: ${failing.summary}`;
  }
  if (gate.noAlerts) {
    const about = alerts.find((alert) => alert.state === "firing" && isAbout(alert, options));
    if (about) return `an alert fires: ${about.summary}`;
  }
  return gate.expr === undefined ? undefined : findUnmet(gate.expr, options);
}

function isAbout(
  { address, labels }: { address?: Address | undefined; labels: Record<string, string> },
  { environment, hosts }: GateOptions,
): boolean {
  return hosts.some((name) => {
    const host = formatAddress({ environment, type: "host", name });
    return address === host || labels.host === name || labels.host === host || labels.instance === name;
  });
}

async function findUnmet(
  expr: string,
  { gates, environment, clock }: GateOptions,
): Promise<string | undefined> {
  try {
    const values = await withTimeout((signal) => gates.query({ expr, environment, signal }), {
      clock,
      milliseconds: queryTimeoutMs,
    });
    if (values.length === 0) return `${expr} gives nothing`;
    return values.some((value) => value === 0) ? `${expr} gives 0` : undefined;
  } catch (error) {
    if (isOutage(error)) throw error;
    return `${expr} cannot be evaluated: ${error instanceof HavnError ? `${error.message} ${error.detail}`.trim() : String(error)}`;
  }
}
