import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ResourceGraph } from "@havn/model";
import { generateAgeKey } from "@havn/sops";
import { encryptYaml } from "@havn/sops/testing";
import { freePort, until } from "@havn/testkit";
import { type Havn, openHavn } from "./testing/havn.ts";
import {
  listenLive,
  placesOf,
  readClickHouse,
  readFilesBelow,
  readPostgres,
  sampleArguments,
  type Told,
} from "./testing/leaks.ts";

// One Havn, two environments of one configuration, secrets of every kind; in the end every secret is looked for
// everywhere. The tests are one story and go on where the one before ended.

const configuration = (ports: Record<"staging" | "prod", number>, folder: string, broken: boolean) => `
import { command, data, environments, file, required, secret, service, text, thisComputer } from "havn";

const settings = data({
  defaults: { workers: 2, packages: ["curl"], greeting: required<string>() },
  merge: { packages: "unique" },
  layers: {
    organisation: { greeting: "hello" },
    environment: { prod: { workers: 8, packages: ["strace"] } },
    host: "data/{host}.yaml",
  },
});

export default environments(
  { staging: { port: ${ports.staging} }, prod: { port: ${ports.prod} } },
  {},
  ({ port }, name) => {
    const here = thisComputer();
    const { workers, packages } = settings.for({ host: here.name });
    const planted = secret("planted", { generated: false });
    const password = secret.fromSops(\`secrets/\${name}.yaml\`, "db.password");
    const conf = file(\`${folder}/\${name}.conf\`, {
      host: here,
      mode: "0600",
      content: text\`planted \${planted}\\npassword \${password}\\ntoken \${secret.age("secrets/token.age")}\\n\`,
    });
    service("app", {
      source: "./app",
      command: ["node", "server.js"],
      hosts: here,
      port,
      env: {
        WORKERS: String(workers),
        PACKAGES: packages.join(" "),
        PLANTED: planted,
        URL: text\`https://app:\${planted}@example.org\`,
        PASSWORD: password,
        SHARED: secret.fromSops("secrets/shared.yaml", "key"),
      },
    });
    ${
      broken
        ? `if (name === "staging") command("fail with it", { host: here, dependsOn: conf, env: { PLANTED: planted },
      command: ["sh", "-c", "cat ${folder}/staging.conf; echo \\"tried $PLANTED\\" >&2; exit 3"] });`
        : ""
    }
  },
);
`;

const server = (version: number) => `
import { createServer } from "node:http";
console.log("version ${version} of the app listens");
createServer((request, response) => response.end("ok")).listen(Number(process.env.PORT), process.env.HOST);
`;

const random = (name: string) => `${name}-${randomBytes(12).toString("hex")}`;
const values: Record<string, string> = {
  planted: random("planted"),
  "password of staging": random("staging"),
  "password of prod": random("prod"),
  shared: random("shared"),
  token: random("token"),
};
const told: Told = {};
const foreign = await generateAgeKey();
let havn: Havn;
let folder: string;
let ports: Record<"staging" | "prod", number>;
let listening: Awaited<ReturnType<typeof listenLive>>;
const sampled = sampleArguments();

const value = (name: string): string => values[name] ?? "";
const inFolder = (name: string) => join(folder, name);
const writeConfiguration = (broken: boolean) =>
  writeFile(inFolder("havn.config.ts"), configuration(ports, folder, broken));
const seal = async (name: string, plain: Parameters<typeof encryptYaml>[0], recipient: string) =>
  writeFile(inFolder(`secrets/${name}.yaml`), await encryptYaml(plain, { recipients: [recipient] }));

/** Runs it, keeps what it told, and checks how it ended. */
async function note(args: string[], code: number): Promise<string> {
  const result = await havn.run(...args);
  const text = result.stdout + result.stderr;
  told[`${Object.keys(told).length} havn ${args.join(" ")}`] = text;
  assert.equal(result.code, code, `havn ${args.join(" ")}: ${text}`);
  return text;
}

async function feed(input: string, args: string[]): Promise<string> {
  const result = await havn.feed(input, ...args);
  assert.equal(result.code, 0, result.stderr);
  return result.stdout.trim();
}

/** What an environment is: nothing of it may change where something is refused. */
async function picture(environment: "staging" | "prod"): Promise<unknown> {
  return {
    graph: await havn.get<ResourceGraph>(`/api/v1/environments/${environment}/graph`),
    applies: (await havn.applies(environment)).map(({ id }) => id),
    file: await readFile(inFolder(`${environment}.conf`), "utf8"),
    release: await release(environment),
  };
}

const release = async (environment: string): Promise<string | undefined> =>
  (await havn.status(environment)).services[0]?.release?.id;

before(async () => {
  havn = await openHavn("planted");
  folder = await mkdtemp("/tmp/havn-planted-");
  ports = { staging: await freePort(), prod: await freePort() };
  for (const name of ["app", "secrets", "data"]) await mkdir(inFolder(name));
  await writeFile(inFolder("app/server.js"), server(1));
  await writeFile(inFolder("app/package.json"), '{ "type": "module" }');
  await writeFile(inFolder("data/this-computer.yaml"), "packages:\n  - --curl\n  - tmux\n");
  await writeConfiguration(false);
  await havn.must(["server", "start"]);
  listening = await listenLive(havn, ["staging", "prod"]);
});

after(async () => {
  sampled.stop();
  await havn[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("secrets by SOPS, by age and by hand reach the files of their hosts", { timeout: 600_000 }, async () => {
  const recipient = (await havn.must(["secret", "recipients"])).stdout.trim();
  for (const name of ["staging", "prod"])
    await seal(name, { db: { user: "app", password: value(`password of ${name}`) } }, recipient);
  await seal("shared", { key: value("shared") }, recipient);
  await writeFile(inFolder("secrets/token.age"), await feed(value("token"), ["secret", "encrypt"]));
  // Before a person has set theirs nothing is planned.
  const refused = await note(["plan", folder, "-e", "staging"], 1);
  assert.match(refused, /The secret "planted" of staging is not set/);
  for (const name of ["staging", "prod"])
    await feed(`${value("planted")}\n`, ["secret", "set", "planted", "-e", name]);
  for (const name of ["staging", "prod"] as const) {
    await note(["apply", folder, "-e", name, "--yes"], 0);
    const content = await readFile(inFolder(`${name}.conf`), "utf8");
    const expected = [value("planted"), value(`password of ${name}`), value("token")];
    assert.equal(content, `planted ${expected[0]}\npassword ${expected[1]}\ntoken ${expected[2]}\n`);
    if (name === "staging") await tellOfProdBefore();
  }
});

/** Prod is declared and was never applied. */
async function tellOfProdBefore(): Promise<void> {
  const explained = await note(["explain", "prod/service/app", folder], 0);
  assert.match(explained, /not applied yet/);
  assert.match(explained, /env {2,}.*"WORKERS":"8"/);
  const different = await note(["diff", "staging", "prod", folder], 2);
  assert.match(different, /prod was never applied/);
  assert.match(different, /`havn apply -e prod` brings\n.*\n? *\+ .*service\/app/s);
}

test("settings are explained, and everything in which staging and prod differ", {
  timeout: 600_000,
}, async () => {
  const workers = await note(["explain", "this-computer/workers", folder, "-e", "prod"], 0);
  assert.match(
    workers,
    /^workers = 8 .*\n.*defaults +2 .*havn\.config\.ts:5:15 .*overridden\n.*▸ +environment prod +8 .*:9:28 .*wins$/m,
  );
  const packages = await note(["explain", "this-computer/packages", folder, "-e", "prod"], 0);
  assert.match(
    packages,
    /packages = \["strace","tmux"\] .*\n(.*\n){2}.*▸ +host this-computer .*data\/this-computer\.yaml:1:1 +wins/,
  );
  assert.match(await note(["diff", "staging", "staging", folder], 0), /Running\n {2}no difference/);
  const text = await note(["diff", "staging", "prod", folder], 2);
  const [declared = "", running = ""] = text.split("Running\n");
  for (const part of [declared, running]) {
    assert.match(part, /^ {2}- file\/this-computer:\S+\/staging\.conf is in staging only$/m);
    assert.match(part, /^ {2}\+ file\/this-computer:\S+\/prod\.conf is in prod only$/m);
    assert.match(part, /^ {2}~ service\/app$/m);
    assert.match(part, /env\.WORKERS: "2" → "8"$/m);
    const [, before, behind] =
      /env\.PASSWORD: "\(secret ([0-9a-f]{16})\)" → "\(secret ([0-9a-f]{16})\)"/.exec(part) ?? [];
    assert.ok(before !== undefined && before !== behind, part);
    // What is the same in both, whatever it is, is no difference.
    assert.doesNotMatch(part, /env\.(SHARED|PLANTED|URL)/);
  }
  assert.match(running, /~ release of app: [0-9a-f]{12} in staging, [0-9a-f]{12} in prod/);
  assert.match(running, /To bring prod to staging\n {2}nothing: both run what is declared for them/);
});

test("a release of staging only, and drift there: what would bring prod there", {
  timeout: 600_000,
}, async () => {
  await writeFile(inFolder("app/server.js"), server(2));
  await note(["apply", folder, "-e", "staging", "--yes"], 0);
  await writeFile(inFolder("staging.conf"), `changed by hand, once ${value("planted")}\n`);
  await note(["drift", "-e", "staging", "--refresh"], 2);
  const { promotion, running } = JSON.parse(await note(["diff", "staging", "prod", folder, "--json"], 2));
  const address = `staging/file/this-computer:${folder}/staging.conf`;
  assert.deepEqual(
    promotion.steps.map((step: { changes?: object[] }) => step),
    [
      { kind: "mend", environment: "staging", address, properties: ["content"] },
      {
        kind: "apply",
        environment: "prod",
        changes: [{ resource: "service/app", action: "update", properties: ["source.digest"] }],
      },
    ],
  );
  assert.deepEqual(running.drift, [{ environment: "staging", address, properties: ["content"] }]);
  assert.deepEqual(running.facts, [], "both are this computer");
  assert.equal(running.releases.length, 1);
});

test("a file for another key, and one that was changed: refused when planning, and nothing changes", {
  timeout: 600_000,
}, async () => {
  const was = await picture("prod");
  const sound = await readFile(inFolder("secrets/prod.yaml"), "utf8");
  const plain = { db: { user: "app", password: value("password of prod") } };
  await seal("prod", plain, foreign.recipient);
  assert.match(
    await note(["apply", folder, "-e", "prod", "--yes"], 1),
    /secrets\/prod\.yaml cannot be used: None of Havn's age identities opens it[\s\S]*havn secret import-key/,
  );
  assert.deepEqual(await picture("prod"), was);
  // With that key it is one as any other.
  assert.equal(await feed(`${foreign.identity}\n`, ["secret", "import-key"]), foreign.recipient);
  await note(["plan", folder, "-e", "prod"], 2);
  await writeFile(
    inFolder("secrets/prod.yaml"),
    sound.replace(
      /password: ENC\[AES256_GCM,data:../,
      (start) => `${start.slice(0, -2)}${start.endsWith("AA") ? "BB" : "AA"}`,
    ),
  );
  assert.match(
    await note(["apply", folder, "-e", "prod", "--yes"], 1),
    /changed without SOPS: db\.password does not open/,
  );
  await writeFile(inFolder("secrets/prod.yaml"), sound.replace(/2026-11-23T06/, "2026-11-23T07"));
  assert.match(await note(["apply", folder, "-e", "prod", "--yes"], 1), /changed without SOPS: its MAC/);
  assert.deepEqual(await picture("prod"), was);
  await writeFile(inFolder("secrets/prod.yaml"), sound);
});

test("secrets are listed, rotated, shown and deleted; a rotated one gives its service a new release", {
  timeout: 600_000,
}, async () => {
  const first = await release("staging");
  await note(["secret", "rotate", "planted", "-e", "staging"], 0);
  values.rotated = (await havn.must(["secret", "get", "planted", "-e", "staging"])).stdout.trim();
  assert.match(value("rotated"), /^[\w-]{32}$/);
  assert.match(await note(["plan", folder, "-e", "staging"], 2), /secret planted, version 2/);
  await note(["apply", folder, "-e", "staging", "--yes"], 0);
  assert.notEqual(await release("staging"), first);
  assert.match(
    await readFile(inFolder("staging.conf"), "utf8"),
    new RegExp(`^planted ${value("rotated")}\n`),
  );
  await feed("unused", ["secret", "set", "spare", "-e", "staging"]);
  const list = await note(["secret", "list"], 0);
  assert.match(list, /^staging +planted +2 .*staging\/service\/app on this-computer/m);
  assert.match(list, /^prod +planted +1 /m);
  assert.match(list, /^prod +secrets\/prod\.yaml#db\.password .*repository/m);
  assert.match(list, /^staging +spare +1 .*nobody$/m);
  assert.match(
    await note(["secret", "delete", "planted", "-e", "staging"], 1),
    /is used[\s\S]*staging\/service\/app/,
  );
  await note(["secret", "delete", "spare", "-e", "staging"], 0);
  assert.equal(
    (await havn.call({ method: "POST", path: "/api/v1/secrets/staging/spare/reveal" })).status,
    404,
  );
});

/** Where a value has to be: what its host needs of it, and nowhere else. Relative to the data directory. */
const needed = [
  // The desired state that an agent keeps, so that it mends and starts things while the control plane is away.
  /^file agents\/[^/]+\/desired\.json$/,
  // A file as it was before it was changed, to put it back.
  /^file agents\/[^/]+\/state\/undo\/contents\/[0-9a-f]+$/,
];

test("every planted secret is found on its hosts only, whatever fails", { timeout: 600_000 }, async () => {
  // A command that prints it and fails; drift in the file that holds it.
  await writeConfiguration(true);
  await writeFile(inFolder("staging.conf"), `planted changed\nold = ${value("planted")}\n`);
  await note(["plan", folder, "-e", "staging", "--json"], 2);
  await note(["apply", folder, "-e", "staging", "--yes"], 1);
  await note(["drift", "-e", "staging", "--refresh"], 0);
  for (const args of [
    ["status", "staging"],
    ["events", "-e", "staging"],
    ["logs", "-e", "staging"],
    ["explain", `staging/file/this-computer:${folder}/staging.conf`, folder],
    ["diff", "staging", "prod", folder],
  ])
    await note(args, args[0] === "diff" ? 2 : 0);
  for (const address of await addresses()) told[`GET ${address}`] = (await havn.call({ path: address })).text;
  told["tables of ClickHouse"] = await until(
    async () => {
      const text = await readClickHouse(havn);
      return text.includes("version 2 of the app listens") ? text : undefined;
    },
    { what: "the app's log in ClickHouse", timeoutMs: 60_000, intervalMs: 500 },
  );
  told["tables of PostgreSQL"] = await readPostgres(havn);
  assert.match(told["tables of PostgreSQL"], /^dbos\./m);
  assert.deepEqual(listening.topics().sort(), ["apply", "events", "logs", "status"]);
  told["messages of the WebSocket"] = listening.stop();
  told["arguments of processes"] = sampled.stop();
  assert.match(told["arguments of processes"], /postgres/);
  // Without the values themselves: they can be found where they are.
  await havn.must(["down"]);
  Object.assign(told, await readFilesBelow(havn.dataDirectory));
  values["the identity that was brought"] = foreign.identity;
  const places = placesOf(told, values);
  const allowed = ([name, place]: [string, string]) =>
    name === "the identity that was brought"
      ? place === "file age-identities"
      : needed.some((one) => one.test(place));
  assert.deepEqual(
    places.filter((one) => !allowed(one)),
    [],
    "found where it must not be",
  );
  for (const name of Object.keys(values))
    assert.ok(
      places.some(([found]) => found === name),
      `${name} is seen where it has to be`,
    );
});

/** What an administrator can read through the API. */
async function addresses(): Promise<string[]> {
  const { applies } = await havn.get<{ applies: { id: string; planId: string }[] }>("/api/v1/applies");
  const of = "/api/v1/environments/staging";
  return [
    ...applies.flatMap(({ id, planId }) => [`/api/v1/applies/${id}`, `/api/v1/plans/${planId}`]),
    ...[`${of}/graph`, `${of}/drift?refresh=true`, `${of}/status`, `${of}/secret-fingerprints`],
    ...["/api/v1/events?limit=1000", "/api/v1/audit?limit=1000", "/api/v1/secrets"],
    ...["/api/v1/logs?limit=1000", "/api/v1/secret-recipients"],
  ];
}
