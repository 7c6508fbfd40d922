import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { test } from "node:test";
import { openPostgres } from "@havn/postgres";
import { freePort } from "@havn/testkit";
import { type Havn, openHavn } from "./testing/havn.ts";
import { processesOf } from "./testing/processes.ts";

const configuration = (port: number, folder: string, broken: boolean) => `
import { command, environment, file, secret, service, text, thisComputer } from "havn";

export default environment("planted", {}, () => {
  const here = thisComputer();
  const planted = secret("planted", { generated: false });
  const settings = file("${folder}/app.conf", { host: here, mode: "0600", content: text\`[app]\\nkey = \${planted}\\n\` });
  service("app", {
    source: "./app", command: ["node", "server.js"], hosts: here, port: ${port},
    env: { PLANTED: planted, URL: text\`https://app:\${planted}@example.org\` },
  });
  ${
    broken
      ? `command("fail with it", { host: here, dependsOn: settings, env: { PLANTED: planted },
    command: ["sh", "-c", "cat ${folder}/app.conf; echo \\"tried $PLANTED\\" >&2; exit 3"] });`
      : ""
  }
});
`;

const server = `
import { createServer } from "node:http";
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), process.env.HOST);
`;

/** Where the value has to be: what the host itself needs of it, and nowhere else. Relative to the data directory. */
const needed = [
  // The desired state that an agent keeps, so that it mends and starts things while the control plane is away.
  /^agents\/[^/]+\/desired\.json$/,
  // A file as it was before it was changed, to put it back.
  /^agents\/[^/]+\/state\/undo\/contents\/[0-9a-f]+$/,
];

test("a planted secret is found on its host only, whatever fails", { timeout: 300_000 }, async () => {
  await using havn = await openHavn("planted");
  const folder = await mkdtemp("/tmp/havn-planted-");
  const secret = `planted-${randomBytes(12).toString("hex")}`;
  const told: Record<string, string> = {};
  const sampled = sampleArguments();
  try {
    const port = await freePort();
    await mkdir(join(folder, "app"));
    await writeFile(join(folder, "app/server.js"), server);
    await writeFile(join(folder, "app/package.json"), '{ "type": "module" }');
    const write = (broken: boolean) =>
      writeFile(join(folder, "havn.config.ts"), configuration(port, folder, broken));
    const note = async (name: string, args: string[]) => {
      const { code, stdout, stderr } = await havn.run(...args);
      told[name] = stdout + stderr;
      return code;
    };
    await write(false);
    await havn.must(["server", "start"]);
    // Before it is set nothing is planned; then everything is real.
    assert.equal(await note("plan without it", ["plan", folder]), 1);
    assert.match(told["plan without it"] ?? "", /The secret "planted" of planted is not set/);
    const path = "/api/v1/secrets/planted/planted";
    assert.equal((await havn.call({ method: "PUT", path, body: { value: secret } })).status, 200);
    assert.equal(await note("up", ["up", folder, "--yes"]), 0, told.up ?? "");
    assert.ok((await readFile(join(folder, "app.conf"), "utf8")).includes(secret), "its host has it");
    // A command that prints it and fails; drift in the file that holds it.
    await write(true);
    await writeFile(join(folder, "app.conf"), `[app]\nkey = changed\nold = ${secret}\n`);
    assert.equal(await note("plan that fails", ["plan", folder, "--json"]), 2);
    assert.equal(await note("apply that fails", ["apply", folder, "--yes"]), 1);
    for (const args of [
      ["drift", "--refresh"],
      ["status"],
      ["events"],
      ["logs"],
      ["secret", "list"],
      ["explain", `planted/file/this-computer:${folder}/app.conf`],
      ["diff", "planted", "planted", folder],
    ])
      await note(args.join(" "), args);
    for (const address of await addresses(havn))
      told[`GET ${address}`] = (await havn.call({ path: address })).text;
    told["PostgreSQL, all schemas"] = await dump(havn);
    told["arguments of processes"] = sampled.stop();
    assert.ok(told["arguments of processes"].includes("postgres"), "arguments were looked at");
    assert.ok(
      (told["PostgreSQL, all schemas"] ?? "").includes("dbos"),
      "the durable work's own tables were read",
    );
    // Without the value itself: it can be found where it is.
    await havn.must(["down"]);
    for (const [file, content] of await filesBelow(havn.dataDirectory)) told[`file ${file}`] = content;
    const found = Object.entries(told).filter(
      ([, text]) => text.includes(secret) || text.includes(encoded(secret)),
    );
    const leaks = found
      .map(([place]) => place)
      .filter((place) => !needed.some((one) => one.test(place.replace(/^file /, ""))));
    assert.ok(found.length > leaks.length, "it was found where it has to be, so it is seen where it is");
    assert.deepEqual(leaks, [], "the planted secret was found where it must not be");
  } finally {
    sampled.stop();
    await rm(folder, { recursive: true });
  }
});

const encoded = (secret: string): string => Buffer.from(secret).toString("base64").slice(0, -4);

/** What an administrator can read through the API. */
async function addresses(havn: Havn): Promise<string[]> {
  const { applies } = await havn.get<{ applies: { id: string; planId: string }[] }>("/api/v1/applies");
  const of = "/api/v1/environments/planted";
  return [
    ...applies.flatMap(({ id, planId }) => [`/api/v1/applies/${id}`, `/api/v1/plans/${planId}`]),
    ...[`${of}/graph`, `${of}/drift?refresh=true`, `${of}/status`, `${of}/secret-fingerprints`],
    ...[
      "/api/v1/events?limit=1000",
      "/api/v1/audit?limit=1000",
      "/api/v1/secrets",
      "/api/v1/logs?limit=1000",
    ],
  ];
}

/** Every table of every schema as text. */
async function dump(havn: Havn): Promise<string> {
  const server = processesOf(havn.dataDirectory).find(({ command }) => /postgres .*-k/.test(command));
  const sockets = /-k[ =]?(\S+)/.exec(server?.command ?? "")?.[1] ?? "";
  await using postgres = await openPostgres({
    url: `postgresql://havn@localhost/havn?host=${encodeURIComponent(sockets)}`,
  });
  const { sql } = postgres;
  const tables = await sql<{ schema: string; name: string }[]>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`;
  let text = "";
  for (const { schema, name } of tables) {
    const rows = await sql<{ row: string }[]>`select t::text as row from ${sql(schema)}.${sql(name)} t`;
    text += `${schema}.${name}\n${rows.map(({ row }) => row).join("\n")}\n`;
  }
  return text;
}

/** The arguments of everything that runs, looked at again and again until it is stopped. */
function sampleArguments(): { stop(): string } {
  const seen = new Set<string>();
  const look = async () => {
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name)))
      seen.add(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  };
  const timer = setInterval(() => void look().catch(() => undefined), 50);
  return {
    stop() {
      clearInterval(timer);
      return [...seen].join("\n").replaceAll("\0", " ");
    },
  };
}

/** Every file below a folder but the databases' own, which were read as tables. */
async function filesBelow(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => [relative(folder, file), await readFile(file, "latin1")] as [string, string]),
  );
}
