import type { BacktestAnswer, Problem } from "@havn/model";
import { ApiError } from "../../kit/api.ts";

export interface Tried {
  expr: string;
  /** A bound that the expression is compared with; none: as it is written. */
  compare: "none" | "above" | "below" | "unusual";
  limit: string;
  /** Of what is unusual: what it is compared with. */
  season: "1d" | "1w";
  severity: "info" | "warning" | "critical";
  for: string;
  past: "1d" | "7d" | "30d";
}

const lengths = { "1d": 86_400_000, "7d": 7 * 86_400_000, "30d": 30 * 86_400_000 };

/** The expression of the rule that is tried; undefined while it is not whole. */
export function exprOf({ expr, compare, limit }: Tried): string | undefined {
  if (expr.trim() === "") return undefined;
  if (compare === "none" || compare === "unusual") return expr;
  const number = Number(limit);
  if (limit.trim() === "" || !Number.isFinite(number)) return undefined;
  return `(${expr}) ${compare === "above" ? ">" : "<"} ${number}`;
}

type Line =
  | { progress: number }
  | { result: BacktestAnswer }
  | { error: { message: string; detail?: string; status: number } };

/** Replays a rule; the answer comes as lines, the result last. */
export async function tryRule(
  environment: string,
  tried: Tried,
  { signal, progress }: { signal: AbortSignal; progress(share: number): void },
): Promise<BacktestAnswer> {
  const until = Date.now();
  const properties = {
    ...{ expr: exprOf(tried) ?? "", for: tried.for.trim() || "0s", severity: tried.severity },
    // As anomaly(…) declares it.
    ...(tried.compare === "unusual" && { interval: "1m", detect: { kind: "band", season: tried.season } }),
    summary: "{{ range $name, $value := $labels }}{{ $name }}={{ $value }} {{ end }}: {{ $value }}",
  };
  const response = await fetch("/api/v1/rules/test", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ environment, alert: { name: "tried", properties }, overrides: {} },
      ...{ from: until - lengths[tried.past], until, points: 600 },
    }),
    signal,
  });
  if (!response.ok || !response.body) {
    const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
    throw new ApiError(response.status, problem.error?.summary ?? "", problem.error?.detail ?? "");
  }
  for await (const line of linesOf(response.body)) {
    const told = JSON.parse(line) as Line;
    if ("result" in told) return told.result;
    if ("error" in told) throw new ApiError(told.error.status, told.error.message, told.error.detail ?? "");
    progress(told.progress);
  }
  throw new ApiError(0, "", "");
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
    if (done) return;
  }
}
