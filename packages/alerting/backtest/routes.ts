import { Readable } from "node:stream";
import { defineRoute, RawResponse, type Route } from "@havn/http";
import { HavnError, routeProperties } from "@havn/model";
import { rulesProperties } from "@havn/prometheus";
import { z } from "zod";
import { createGate } from "./gate.ts";
import { type BacktestOptions, type BacktestRequest, backtest } from "./index.ts";

const time = z.number().int().min(0).describe("milliseconds since the epoch");
const body = z.strictObject({
  environment: z.string(),
  rule: z.string().optional().describe("name or address of a rule, or GROUP/NAME"),
  alert: z
    .strictObject({ name: z.string(), properties: z.record(z.string(), z.unknown()) })
    .optional()
    .describe("in its place: one of type `alert` that was not applied yet"),
  group: z
    .strictObject({ name: z.string(), properties: rulesProperties, rule: z.string() })
    .optional()
    .describe("in its place: a rule of a group that was not applied yet"),
  routes: z.array(z.strictObject({ name: z.string(), properties: routeProperties })).optional(),
  overrides: z
    .strictObject({
      expr: z.string().optional(),
      for: z.string().optional(),
      keepFiringFor: z.string().optional(),
      interval: z.string().optional(),
    })
    .default({}),
  from: time,
  until: time,
  points: z.number().int().min(2).max(5000).default(400),
});

const longestMs = 400 * 86_400_000;

/** Replays rules over history. The answer comes as lines of JSON: `progress` now and then, `result` or `error` last. */
export function backtestRoutes(options: BacktestOptions): Route[] {
  // Each holds some 100 MB and as much of a core as it gets.
  const enter = createGate({ atOnce: 2, waiting: 8 });
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/rules/test",
      summary:
        "When an alerting rule would have fired and resolved in the past, and whom it would have reached",
      access: { action: "rule:read", resource: () => "rules" },
      reads: true,
      body,
      response: z.unknown(),
      async handle({ body: given, signal }) {
        const request = requestOf(given);
        const leave = await enter(signal);
        return new RawResponse(Readable.from(linesOf(request, { options, signal, leave })), {
          "content-type": "application/x-ndjson",
        });
      },
    }),
  ];
}

function requestOf(given: z.output<typeof body>): BacktestRequest {
  const { environment, from, until, rule, alert, group } = given;
  if (until <= from || until - from > longestMs)
    throw new HavnError("until must lie after from, by at most 400 days", { status: 400 });
  if ([rule, alert, group].filter((one) => one !== undefined).length !== 1)
    throw new HavnError("Name either a rule, or an alert, or a group", { status: 400 });
  const routes = given.routes?.map(({ name, properties }) => ({
    ...{ address: `${environment}/route/${name}`, environment, name, properties },
  }));
  return { ...given, routes };
}

/** Begins at once: whoever hangs up before the first line is read ends it all the same, by `signal`. */
function linesOf(
  request: BacktestRequest,
  { options, signal, leave }: { options: BacktestOptions; signal: AbortSignal; leave: () => void },
): AsyncGenerator<string> {
  const told: string[] = [];
  let wake = Promise.withResolvers<void>();
  const tell = (line: object) => {
    told.push(`${JSON.stringify(line)}\n`);
    wake.resolve();
  };
  let done = false;
  const gone = new AbortController();
  const work = backtest(request, options, {
    signal: AbortSignal.any([signal, gone.signal]),
    progress: (share) => tell({ progress: share }),
  })
    .then((result) => tell({ result: { ...result, episodes: result.episodes.map(shown) } }))
    .catch((cause: unknown) => tell({ error: errorOf(cause) }))
    .finally(() => {
      leave();
      done = true;
      wake.resolve();
    });
  async function* lines(): AsyncGenerator<string> {
    try {
      while (!done || told.length > 0) {
        await wake.promise;
        wake = Promise.withResolvers();
        yield told.splice(0).join("");
      }
      await work;
    } finally {
      // Who hangs up does not want to know any more.
      gone.abort();
    }
  }
  return lines();
}

function shown<T extends { condition: unknown }>({ condition: _, ...episode }: T): Omit<T, "condition"> {
  return episode;
}

function errorOf(cause: unknown): { message: string; detail: string | undefined; status: number } {
  if (cause instanceof HavnError)
    return { message: cause.message, detail: cause.detail, status: cause.status ?? 500 };
  return { message: cause instanceof Error ? cause.message : String(cause), detail: undefined, status: 500 };
}
