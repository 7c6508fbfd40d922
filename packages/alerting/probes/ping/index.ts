import { type ProbeOf, parseDuration } from "@havn/model";
import { runProgram } from "../plugin/run.ts";
import type { Attempt } from "../probe.ts";
import { readPing } from "./output.ts";

/** ICMP echo by the system's own ping, which may send it without our being root. */
export async function probePing(probe: ProbeOf<"ping">, signal: AbortSignal): Promise<Attempt> {
  if (probe.host.startsWith("-")) return { state: "unknown", output: `"${probe.host}" is no host` };
  const words = ["ping", "-n", "-q", "-c", String(probe.count), "-i", "0.2", "-w", "10", probe.host];
  const { output, error, failure } = await runProgram(words, { signal });
  if (failure !== undefined)
    return { state: "unknown", output: `ping cannot be run: ${failure}. Debian has it in iputils-ping.` };
  const found = readPing(output);
  if (!found) return { state: "critical", output: (error || output).trim().split("\n")[0] ?? "" };
  return judgePing(probe, found);
}

export function judgePing(
  { count, warning = {}, critical = { loss: 100 } }: Pick<ProbeOf<"ping">, "count" | "warning" | "critical">,
  found: { loss: number; rtt: number | undefined },
): Attempt {
  const is = (limit: { rtt?: string | undefined; loss?: number | undefined }) =>
    (limit.loss !== undefined && found.loss >= limit.loss) ||
    (limit.rtt !== undefined && found.rtt !== undefined && found.rtt > parseDuration(limit.rtt));
  const state = found.loss >= 100 || is(critical) ? "critical" : is(warning) ? "warning" : "ok";
  const time = found.rtt === undefined ? "no answer" : `${found.rtt} ms`;
  return {
    state,
    output: `${time}, ${found.loss} % of ${count} lost`,
    measures: [
      { label: "loss", value: found.loss, unit: "%" },
      ...(found.rtt === undefined ? [] : [{ label: "rtt", value: found.rtt / 1000, unit: "s" }]),
    ],
  };
}
