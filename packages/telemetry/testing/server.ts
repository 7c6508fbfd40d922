import { join } from "node:path";
import type { ClickHouse } from "@havn/clickhouse";
import { openTestClickHouse } from "@havn/clickhouse/testing";
import { type AccessGate, createGrpcServer, createHttpServer, type Identity } from "@havn/http";
import { labelsKey } from "@havn/model";
import { createTelemetry, type Telemetry, type TelemetryOptions } from "../index.ts";
import { labelsText } from "./text.ts";

const sender: Identity = { id: "1", actor: "token:sender", role: "operator", via: "token" };
const page: Identity = { ...sender, via: "session", csrfToken: "x" };

const access: AccessGate = {
  authenticate: async ({ authorization }) =>
    authorization === "Bearer page" ? page : authorization ? sender : undefined,
  decide: (_identity, action) =>
    ["metric:write", "metric:read", "metric:delete", "log:write", "log:read"].includes(action),
  audit: async ({ action }) => {
    if (action !== "metric:delete") throw new Error("telemetry is not audited");
  },
};

export interface ReceivingServer extends AsyncDisposable {
  readonly telemetry: Telemetry;
  readonly url: string;
  /** Where it takes OTLP over gRPC. */
  readonly grpcUrl: string;
  /** With a token that may write; `path` may hold a query. */
  post(path: string, body: Uint8Array | string, headers?: Record<string, string>): Promise<Response>;
  /** All that is stored of a metric: `name{label="value"} value@milliseconds …`, values as text. */
  stored(name: string): Promise<string[]>;
  /** What ClickHouse itself answers. */
  rows: ClickHouse["rows"];
}

/** A store behind a real server, for senders. */
export async function openReceivingServer(
  options: Pick<TelemetryOptions, "newSeriesAMinute" | "mentions" | "clock" | "retention"> = {},
): Promise<ReceivingServer> {
  const stack = new AsyncDisposableStack();
  const db = stack.use(await openTestClickHouse());
  const spoolDirectory = join(db.directory, "spool");
  const telemetry = stack.use(
    await createTelemetry({ clickhouse: db.clickhouse, spoolDirectory, ...options }),
  );
  const server = stack.use(await createHttpServer({ routes: telemetry.routes, access }));
  const { url } = await server.listen({ port: 0 });
  const grpc = stack.use(createGrpcServer({ access, methods: telemetry.grpcMethods, log: () => {} }));
  const grpcPort = await grpc.listen({ port: 0, address: "127.0.0.1" });
  return {
    rows: db.clickhouse.rows,
    ...{ telemetry, url, grpcUrl: `http://127.0.0.1:${grpcPort}` },
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: "POST",
        body: body as BodyInit,
        headers: { authorization: "Bearer sender", ...headers },
      }),
    async stored(name) {
      await telemetry.flush();
      const range = { start: 0, end: 2 ** 42 };
      const matcher = { name: "__name__", operator: "=" as const, value: name };
      const found: { key: string; text: string }[] = [];
      for await (const series of telemetry.querier.select([matcher], range, new AbortController().signal)) {
        const points = [...series.timestamps].map((time, at) => {
          const histogram = (series as { histograms?: unknown[] }).histograms?.[at];
          return `${histogram ? showHistogram(histogram) : series.values[at]}@${time}`;
        });
        found.push({
          key: labelsKey(series.labels),
          text: `${labelsText(series.labels)} ${points.join(" ")}`,
        });
      }
      return found.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ text }) => text);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const showHistogram = (histogram: unknown) =>
  JSON.stringify(histogram, (_, value) =>
    value instanceof Int32Array || value instanceof Float64Array ? [...value] : value,
  );
