import type { ProbeOf } from "@havn/model";
import { runProgram } from "../plugin/run.ts";
import type { Attempt } from "../probe.ts";

const properties = [
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "NRestarts",
  "MemoryCurrent",
  "Description",
];

/** A systemd unit of this host, as `systemctl show` tells of it. */
export async function probeUnit(probe: ProbeOf<"unit">, signal: AbortSignal): Promise<Attempt> {
  const words = ["systemctl", "show", "--no-pager", `--property=${properties.join(",")}`, "--", probe.unit];
  const { output, error, failure, code } = await runProgram(words, { signal });
  if (failure !== undefined || code !== 0)
    return { state: "unknown", output: `systemctl cannot be asked: ${failure ?? error.trim()}` };
  return judgeUnit(probe, output);
}

export function judgeUnit({ unit, state }: ProbeOf<"unit">, shown: string): Attempt {
  const values = new Map(
    shown.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  const of = (name: string) => values.get(name) ?? "";
  if (of("LoadState") === "not-found")
    return state === "absent"
      ? { state: "ok", output: `${unit} is not there` }
      : { state: "critical", output: `there is no unit ${unit}` };
  const memory = Number(of("MemoryCurrent"));
  const measures = [
    { label: "restarts", value: Number(of("NRestarts") || 0), unit: "c" },
    ...(Number.isFinite(memory) && of("MemoryCurrent") !== "" && memory < Number.MAX_SAFE_INTEGER
      ? [{ label: "memory", value: memory, unit: "B" }]
      : []),
  ];
  const output = `${unit} is ${of("ActiveState")} (${of("SubState")})`;
  if (of("ActiveState") === state) return { state: "ok", output, measures };
  const why = of("Result") && of("Result") !== "success" ? `: ${of("Result")}` : "";
  // What is on its way is no trouble yet.
  const way = of("ActiveState") === "activating" || of("ActiveState") === "reloading";
  return { state: way ? "warning" : "critical", output: `${output}, not ${state}${why}`, measures };
}
