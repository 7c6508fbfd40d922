import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { checkSpec, systemClock } from "@havn/model";
import { linesOf } from "./lines.ts";
import { createProbes } from "./runner.ts";
import { samplesOf } from "./series.ts";

const secret = "planted/Secret-77";
const inUrl = encodeURIComponent(secret);
const asBasic = Buffer.from(`watch:${secret}`).toString("base64");

test("a planted secret stands in no result, line or series, whoever is asked and whatever they answer", {
  timeout: 600_000,
}, async () => {
  // One repeats all that it is told, one hangs up at once, one answers pages that repeat the request.
  const echo = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  const rude = createServer((socket) => socket.on("error", () => {}).destroy()).listen(0, "127.0.0.1");
  const pages = createHttpServer((request, response) => {
    const { authorization = "" } = request.headers;
    const told = `${request.url} ${authorization} ${Buffer.from(authorization.slice(6), "base64")}`;
    response.writeHead(500, {
      "x-told": encodeURIComponent(told),
      location: told.replaceAll(/[^\x21-\x7e]/g, ""),
    });
    response.end(JSON.stringify({ told }));
  }).listen(0, "127.0.0.1");
  const servers = [echo, rude, pages];
  // A test that fails ends all the same.
  for (const server of servers) server.unref();
  await Promise.all(servers.map((server) => once(server, "listening")));
  const portOf = (server: (typeof servers)[number]) => (server.address() as AddressInfo).port;
  const url = (at: number) => `http://watch:${inUrl}@127.0.0.1:${at}/`;

  /** Without a word that it is a secret: what holds one by what it is. */
  const byThemselves = (port: number): Record<string, unknown>[] => {
    const where = { host: "127.0.0.1", port };
    const login = { ...where, user: "watch", password: secret };
    return [
      ...[
        { kind: "http", url: url(port) },
        { kind: "http", url: url(port), contains: "nothing" },
      ],
      ...[{ kind: "http", url: url(port), status: 500, json: { told: "x" } }],
      ...[{ kind: "http", url: url(port), status: 500, responseHeaders: { "x-told": "x" } }],
      { kind: "http", url: `http://127.0.0.1:${port}/`, headers: { authorization: secret }, contains: "x" },
      ...[
        { kind: "postgres", ...login },
        { kind: "mysql", ...login },
        { kind: "smtp", ...login },
      ],
      ...[{ kind: "redis", ...where, password: secret }],
      {
        kind: "plugin",
        command: ["/bin/sh", "-c", 'echo "$0|$0=1"; echo "$PW"; exit 2', url(port)],
        env: { PW: secret },
      },
      { kind: "plugin", command: `/no/such/plugin ${url(port)}` },
    ];
  };
  /** Given by secret(), wherever that is. */
  const given = (port: number): Record<string, unknown>[] => [
    { kind: "http", url: `http://127.0.0.1:${port}/${secret}` },
    { kind: "tcp", host: "127.0.0.1", port, send: `${secret}\n`, expect: "nothing" },
    { kind: "tls", host: "127.0.0.1", port, name: secret.replaceAll("/", ".") },
    { kind: "nrpe", host: "127.0.0.1", port, command: "x", arguments: [secret], tls: "off" },
    { kind: "dns", name: `${secret}.invalid`, server: `127.0.0.1:${port}` },
    { kind: "ping", host: secret },
    { kind: "file", path: `/nowhere/${secret}` },
    { kind: "process", name: secret },
    { kind: "unit", unit: `${secret}.service` },
    { kind: "plugin", command: "echo $ARG1$", arguments: [secret] },
  ];
  const specs = servers.flatMap((server, of) =>
    [
      ...byThemselves(portOf(server)).map((probe) => ({ probe, secrets: [] as string[] })),
      ...given(portOf(server)).map((probe) => ({ probe, secrets: [secret, secret.replaceAll("/", ".")] })),
    ].flatMap(({ probe, secrets }, at) => {
      const name = `${probe.kind}-${of}-${at}`;
      const spec = { name, address: `shop/check/${name}`, interval: "1d", timeout: "3s", probe, secrets };
      const parsed = checkSpec.safeParse(spec);
      return parsed.success ? [parsed.data] : [];
    }),
  );
  const kinds = new Set(specs.map(({ probe }) => probe.kind));
  assert.deepEqual([...kinds].sort(), [
    ...["dns", "file", "http", "mysql", "nrpe", "ping", "plugin", "postgres", "process", "redis", "smtp"],
    ...["tcp", "tls", "unit"],
  ]);

  const told: string[] = [];
  const probes = createProbes({
    clock: systemClock,
    onRun: (run) =>
      told.push(
        JSON.stringify([
          ...[run.result, run.attempt, samplesOf(run, {})],
          linesOf(run.spec.name, run.result, run.attempt.long),
        ]),
      ),
  });
  try {
    probes.setChecks(specs);
    await probes.run(specs.map(({ address }) => address));
  } finally {
    await probes[Symbol.asyncDispose]();
    for (const server of servers) server.close();
  }
  assert.ok(told.length >= specs.length);
  for (const text of told)
    for (const one of [secret, inUrl, asBasic]) assert.ok(!text.includes(one), `${one} stands in ${text}`);
});
