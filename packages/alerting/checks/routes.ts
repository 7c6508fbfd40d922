import { defineRoute, RawResponse, type Route } from "@havn/http";
import {
  type Address,
  type CheckResult,
  checkProperties,
  checkResult,
  checkStateSchema,
  checkView,
  describeReferences,
  HavnError,
} from "@havn/model";
import { z } from "zod";
import type { Probe } from "../store.ts";
import type { Board } from "./board.ts";
import type { Beat, ToldChecks } from "./told.ts";

export interface CheckRoutesOptions {
  board: Board;
  told: ToldChecks;
  probes(): ReadonlyMap<Address, Probe>;
  runNow(host: Address, probes: readonly Probe[]): Promise<CheckResult[]>;
}

const explained = z.object({
  view: checkView,
  properties: z.record(z.string(), z.unknown()).describe("as declared; references are named, not resolved"),
  dependsOn: z.array(z.string()).describe("dependencies that hold it back now"),
  heartbeat: z.string().optional().describe("path that the job pings; not shown to viewers"),
});

/** States as names or as plugins' exit codes. */
const told = z.strictObject({
  check: z.string().describe("address, or name within `environment`"),
  state: z.union([checkStateSchema, z.number().int().min(0).max(3)]),
  output: z.string().max(64 * 1024),
});

export function checkRoutes({ board, told: passive, probes, runNow }: CheckRoutesOptions): Route[] {
  const get = (address: string): Probe => {
    const probe = probes().get(address);
    if (!probe) throw new HavnError(`There is no check ${address}`, { status: 404 });
    return probe;
  };
  const beat = async (token: string, kind: Beat, output: string): Promise<RawResponse> => {
    const known = await passive.beat(token, kind, output);
    return new RawResponse(
      known ? "OK\n" : "unknown heartbeat\n",
      { "content-type": "text/plain" },
      known ? 200 : 404,
    );
  };
  const heartbeats = (["GET", "POST"] as const).flatMap((method) =>
    (["", "/start", "/finish", "/fail"] as const).map((end) =>
      defineRoute({
        ...{ method, path: `/heartbeat/:token${end}`, bodyLimit: largestBody },
        ...(method === "POST" && { consumes: "stream" as const }),
        summary: `A job tells that it ${end === "/start" ? "began" : end === "/fail" ? "failed" : "is well"}`,
        access: { public: "the token in the path, which nobody can guess, is what allows it" },
        params: z.strictObject({ token: z.string().max(100) }),
        response: z.unknown(),
        handle: async ({ params, raw }) =>
          beat(
            params.token,
            end === "" ? "finish" : (end.slice(1) as Beat),
            method === "GET" ? "" : await readText(raw),
          ),
      }),
    ),
  );
  return [
    ...heartbeats,
    defineRoute({
      ...{ method: "GET", path: "/api/v1/checks" },
      summary: "Checks with their last results",
      access: { action: "check:read", resource: ({ query }) => query.environment ?? "" },
      query: z.strictObject({ environment: z.string().optional() }),
      response: z.object({ checks: z.array(checkView) }),
      handle: ({ query: { environment } }) => ({
        checks: board.views().filter((view) => environment === undefined || view.environment === environment),
      }),
    }),
    defineRoute({
      ...{ method: "GET", path: "/api/v1/checks/:environment/:name" },
      summary: "All about one check",
      access: { action: "check:read", resource: ({ params }) => params.environment },
      params: z.strictObject({ environment: z.string(), name: z.string() }),
      response: explained,
      handle: ({ params: { environment, name }, identity }) => {
        const { address, properties } = get(`${environment}/check/${name}`);
        const view = board.views().find((one) => one.address === address);
        if (!view) throw new HavnError(`There is no check ${address}`, { status: 404 });
        // Who holds the path may report: it is for those who may do so anyway (check:report).
        const token = identity.role === "viewer" ? undefined : passive.token(address);
        return {
          view,
          properties: describeReferences(checkProperties.parse(properties)) as Record<string, unknown>,
          dependsOn: board.suppression(address).dependsOn,
          ...(token !== undefined && { heartbeat: `/heartbeat/${token}` }),
        };
      },
    }),
    defineRoute({
      ...{ method: "POST", path: "/api/v1/checks/:environment/:name/run" },
      summary: "Runs a check now, whatever its rhythm",
      access: { action: "check:run", resource: ({ params }) => params.environment },
      params: z.strictObject({ environment: z.string(), name: z.string() }),
      response: z.object({ result: checkResult }),
      async handle({ params: { environment, name } }) {
        const probe = get(`${environment}/check/${name}`);
        const { kind } = probe.properties.probe;
        if (kind === "passive" || kind === "heartbeat")
          throw new HavnError(`Check ${name} is not asked: its results are told to Havn`, { status: 409 });
        const [result] = await runNow(probe.host, [probe]);
        if (!result)
          throw new HavnError(`Check ${name} was not run`, {
            status: 409,
            detail: "Whoever runs it does not know it yet. Try again in a moment.",
          });
        return { result };
      },
    }),
    defineRoute({
      ...{ method: "POST", path: "/api/v1/checks/:environment/results" },
      summary: "Results of passive checks",
      access: { action: "check:report", resource: ({ params }) => params.environment },
      params: z.strictObject({ environment: z.string() }),
      body: z.strictObject({ results: z.array(told).min(1).max(1000) }),
      response: z.object({ taken: z.number().int() }),
      async handle({ params: { environment }, body }) {
        const wanted = body.results.map(({ check, ...rest }) => ({
          ...rest,
          address: check.includes("/") ? check : `${environment}/check/${check}`,
        }));
        // Nothing is taken of a request that names one wrongly.
        for (const { address } of wanted)
          if (!address.startsWith(`${environment}/`) || get(address).properties.probe.kind !== "passive")
            throw new HavnError(`${address} is no passive check of ${environment}`, { status: 400 });
        for (const { address, state, output } of wanted) {
          const name = typeof state === "number" ? (checkStateSchema.options[state] ?? "unknown") : state;
          await passive.report(address, { state: name, output });
        }
        return { taken: wanted.length };
      },
    }),
  ];
}

/** A job that sends its whole log has pinged all the same; as much of it is kept. */
const largestBody = 16 * 1024 * 1024;
const keptBody = 64 * 1024;

async function readText(raw: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of raw) {
    if (size < keptBody) chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return Buffer.concat(chunks).subarray(0, keptBody).toString("utf8");
}
