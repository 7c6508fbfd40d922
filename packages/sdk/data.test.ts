import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { HavnError } from "@havn/model";
import { data, environment, openProjectFiles, required, secret, type Text } from "./index.ts";

function withFiles(files: Record<string, string>): void {
  openProjectFiles({ read: (path) => files[path], look: () => undefined, shown: (path) => path });
}
afterEach(() => openProjectFiles(undefined));

const wrongAt = (expected: string[]) => (error: unknown) => {
  assert.ok(error instanceof HavnError, String(error));
  assert.deepEqual(
    error.diagnostics.map(({ at, summary, detail }) => `${at?.file}:${at?.line}: ${summary}. ${detail}`),
    expected,
  );
  return true;
};

const defaults = {
  workers: 2,
  packages: ["curl", "vim"],
  tls: { enabled: false, port: 443 },
  sysctl: {} as Record<string, number | null>,
  password: secret("db") as Text,
};

test("layers: organisation, environment, role, host; each strategy; types follow from the standard values", () => {
  withFiles({
    "data/prod.yaml": "workers: 8\ntls:\n  enabled: true\nsysctl: { a: 1, b: 2 }\n",
    "data/web.toml": 'packages = ["nginx", "curl"]\n[tls]\nport = 8443\n[sysctl]\nb = 3\n',
    "data/hosts/web-1.json": '{ "packages": ["--vim", "strace"], "password": { "$secret": "web" } }',
  });
  const settings = data({
    defaults,
    merge: { packages: "unique" },
    layers: {
      organisation: { sysctl: { c: 9 } },
      environment: { prod: "data/prod.yaml", dev: { workers: 1 } },
      role: { web: "data/web.toml" },
      host: "data/hosts/{host}.json",
    },
  });
  const web = settings.for({ environment: "prod", role: "web", host: "web-1" });
  const workers: number = web.workers;
  assert.equal(workers, 8);
  assert.deepEqual(web, {
    workers: 8,
    packages: ["curl", "nginx", "strace"],
    tls: { enabled: true, port: 8443 },
    sysctl: { c: 9, a: 1, b: 3 },
    password: { $secret: "web" },
  });
  assert.equal(settings.for({ environment: "dev" }).workers, 1);
  assert.deepEqual(settings.for({ host: "web-2" }), { ...defaults, sysctl: { c: 9 } });
});

test("a hierarchy as in Hiera: the most specific first; null takes a key out", () => {
  withFiles({
    "hosts/web-1.yaml": "sysctl: { a: null }\n",
    "common.yaml": "workers: 3\nsysctl: { a: 1, b: 2 }\n",
    "env/prod.yaml": "workers: 4\n",
  });
  const settings = data({
    defaults,
    hierarchy: ["hosts/{host}.yaml", "env/{environment}.yaml", "common.yaml"],
  });
  const { workers, sysctl } = settings.for({ host: "web-1", environment: "prod" });
  assert.deepEqual({ workers, sysctl }, { workers: 4, sysctl: { b: 2 } });
  // A name never leads out of its folder.
  assert.equal(settings.for({ host: "../env/prod" }).workers, 3);
});

test("a mistake names layer, file and line", () => {
  withFiles({
    "role.yaml": "# of web\nworkers: many\ntls:\n  prot: 1\n",
    "host.toml": "workers = 1\n\n[tls]\nenabled = 1\n",
    "broken.yaml": "a: 1\nb: [\n",
  });
  const of = (role: string, host?: string) =>
    data({ defaults, layers: { role, ...(host && { host }) } }).for({ role: "web", host: "web-1" });
  assert.throws(
    () => of("role.yaml", "host.toml"),
    wrongAt([
      'role.yaml:2: "workers" is a text in layer role web. It is a number. Correct the value.',
      'role.yaml:4: Unknown setting "tls.prot" in layer role web. Did you mean "port"?',
      'host.toml:4: "tls.enabled" is a number in layer host web-1. It is a boolean. Correct the value.',
    ]),
  );
  assert.throws(() => of("none.yaml"), /There is no data file "none.yaml"/);
  assert.throws(() => of("broken.yaml"), /broken.yaml is not sound/);
  assert.throws(() => of("{zone}.yaml"), /"{zone}" in the path/);
  assert.throws(() => of("data.txt"), /There is no data file/);
  assert.throws(() => data({ defaults, merge: { nope: "deep" } }).for(), /merge names "nope"/);
  assert.throws(() => data({ defaults, merge: { workers: "unique" } }).for(), /cannot be merged as unique/);
});

test("what has no standard value must be given by a layer", () => {
  const settings = data({
    defaults: { domain: required<string>() },
    layers: { environment: { prod: { domain: "example.org" } } },
  });
  assert.equal(settings.for({ environment: "prod" }).domain, "example.org");
  assert.throws(() => settings.for({ environment: "dev", host: "web-1" }), /No layer gives "domain"/);
});

test("where settings came from travels with the environment, secrets by name only", () => {
  withFiles({ "prod.yaml": "workers: 8\n" });
  const { settings } = environment("prod", {}, () => {
    data({ defaults, layers: { organisation: { workers: 4 }, environment: "{environment}.yaml" } }).for({
      host: "web-1",
    });
  });
  const [explained] = settings;
  assert.equal(explained?.environment, "prod");
  const workers = explained?.settings.find(({ key }) => key === "workers");
  assert.deepEqual(
    workers?.layers.map(({ layer, value, effect, at }) => ({
      layer,
      value,
      effect,
      line: at.file === "prod.yaml" ? at.line : 0,
    })),
    [
      { layer: "defaults", value: 2, effect: "overridden", line: 0 },
      { layer: "organisation", value: 4, effect: "overridden", line: 0 },
      { layer: "environment prod", value: 8, effect: "wins", line: 1 },
    ],
  );
  assert.equal(explained?.settings.find(({ key }) => key === "password")?.value, "(secret db)");
});
