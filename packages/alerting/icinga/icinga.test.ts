import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { importIcinga, readIcinga } from "./index.ts";
import { evaluateAll } from "./language/evaluate.ts";
import { parseIcinga } from "./language/parse.ts";
import { IcingaError } from "./language/tokens.ts";
import { Dictionary, plain } from "./language/values.ts";
import type { IcingaConfiguration } from "./objects.ts";
import { readDeclarations } from "./program.ts";
import { asIcingaRuns, asIcingaSees, console, disk, pluginName } from "./testing/icinga.ts";

const testdata = fileURLToPath(new URL("./testdata/", import.meta.url));
const cases = (name: string) =>
  readFileSync(new URL(`./language/cases/${name}.txt`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
const constants = {
  NodeName: "watcher",
  PluginDir: "/usr/lib/nagios/plugins",
  ManubulonPluginDir: "/usr/lib/nagios/plugins",
};
const options = { constants, library: "/usr/share/icinga2/include" };

function evaluated(text: string): unknown {
  const { program, frame } = readDeclarations("/none", { read: () => "", glob: () => [] }, options);
  const { statements, errors } = parseIcinga(text, "/none");
  if (errors[0]) throw errors[0];
  return plain(evaluateAll(statements, { ...frame(new Dictionary(), []), program }));
}

test("expressions have the values that Icinga's console gives them", { timeout: 300_000 }, () => {
  // One run for all of them: a run takes time.
  const all = cases("values");
  const theirs: unknown[] = JSON.parse(console(`[ ${all.join(", ")} ]`));
  for (const [at, expression] of all.entries())
    assert.deepEqual(evaluated(expression) ?? null, theirs[at], expression);
  for (const text of cases("statements"))
    assert.deepEqual(evaluated(text) ?? null, JSON.parse(console(text)), text);
});

test("what Icinga refuses to evaluate is refused here", { timeout: 300_000 }, () => {
  for (const text of cases("errors")) {
    assert.throws(() => JSON.parse(console(text)), SyntaxError, text);
    assert.throws(() => evaluated(text), IcingaError, text);
  }
});

/** What is compared of each type. */
const checkable = [
  ...["check_command", "check_interval", "retry_interval", "max_check_attempts", "display_name", "vars"],
  ...["enable_active_checks", "enable_notifications", "enable_flapping", "volatile", "check_period"],
  ...["check_timeout", "command_endpoint"],
];
const compared: Readonly<Record<string, readonly string[]>> = {
  Host: [...checkable, "address", "address6"],
  Service: [...checkable, "host_name"],
  CheckCommand: ["command", "arguments", "timeout", "vars", "env"],
  NotificationCommand: ["command"],
  User: ["email", "display_name", "vars"],
  UserGroup: [],
  HostGroup: ["display_name"],
  ServiceGroup: ["display_name"],
  TimePeriod: ["ranges", "excludes", "includes"],
  Notification: ["command", "interval", "period", "users", "user_groups", "types", "states", "times"],
  Dependency: [
    ...["parent_host_name", "parent_service_name", "child_host_name", "child_service_name", "states"],
    ...["disable_checks", "disable_notifications"],
  ],
  Zone: ["endpoints", "parent"],
  Endpoint: ["host"],
  ScheduledDowntime: ["ranges", "host_name"],
};

/** Functions and what is empty are the same on both sides. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value === "" ? null : (value ?? null);
  if ("type" in value && value.type === "Function") return null;
  const entries = Object.entries(value).map(([name, one]) => [name, shown(one)] as const);
  return Object.fromEntries(entries.filter(([, one]) => one !== null));
}

/** Lists without an order of their own. */
const sets: ReadonlySet<string> = new Set(["types", "states"]);

function compare(ours: IcingaConfiguration, theirs: ReturnType<typeof asIcingaSees>): void {
  for (const [type, names] of Object.entries(compared)) {
    const keyed = (all: readonly { name: string; properties: Record<string, unknown> }[]) =>
      Object.fromEntries(
        all
          .map(({ name, properties }) => {
            const of = names.map((field) => {
              const value = shown(properties[field]) ?? null;
              const isEmpty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
              return [
                field,
                sets.has(field) && Array.isArray(value) ? value.toSorted() : isEmpty ? null : value,
              ];
            });
            return [name, Object.fromEntries(of)] as const;
          })
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    const own = (ours.objects.get(type) ?? []).map(({ name, fields }) => ({
      name,
      properties: plain(fields) as Record<string, unknown>,
    }));
    assert.deepEqual(keyed(own), keyed(theirs.filter((one) => one.type === type)), type);
  }
}

for (const name of ["shop", "language"])
  test(`objects are those of Debian's icinga2: ${name}`, { timeout: 300_000 }, () => {
    const work = mkdtempSync(join(tmpdir(), "havn-icinga-"));
    try {
      const main = join(testdata, name, "icinga2.conf");
      const ours = readIcinga(main, disk, options);
      assert.deepEqual(ours.diagnostics, []);
      compare(ours, asIcingaSees(work, main, constants));
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });

test("so are those of the configuration that Debian's package brings", { timeout: 300_000 }, () => {
  const work = mkdtempSync(join(tmpdir(), "havn-icinga-"));
  try {
    // Its own constants are set in its files: those given before are refused twice.
    const given = { NodeName: "watcher", ConfigDir: "/etc/icinga2" };
    const ours = readIcinga("/etc/icinga2/icinga2.conf", disk, { ...options, constants: given });
    assert.deepEqual(ours.diagnostics, []);
    compare(ours, asIcingaSees(work, "/etc/icinga2/icinga2.conf", given));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

test("plugins are run with the very words with which Icinga runs them", { timeout: 300_000 }, async () => {
  const work = mkdtempSync(join(tmpdir(), "havn-icinga-"));
  try {
    const main = join(testdata, "shop", "icinga2.conf");
    const lines = (folder: string) => {
      const { text } = importIcinga(main, disk, {
        ...options,
        constants: { ...constants, PluginDir: folder },
      });
      const commands = [...text.matchAll(/plugin: \{ command: (\[.*?\])(?:, env| \})/g)].map(
        ([, words = "[]"]): string[] => JSON.parse(words),
      );
      return new Set(commands.map((words) => words.map((word) => word.replaceAll("$$", "$")).join("\n")));
    };
    const plugins = [...new Set([...lines("/p")].map((line) => pluginName(line.split("\n"))))];
    const hosts = ["switch", "web1", "web2", "db1"];
    const { folder, words } = await asIcingaRuns(work, main, { plugins, hosts, count: lines("/p").size });
    assert.deepEqual(words.map((line) => line.join("\n")).toSorted(), [...lines(folder)].toSorted());
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

for (const name of ["shop", "language", "broken"])
  test(`what is written, what is not carried over and what is wrong: ${name}`, () => {
    const golden = new URL(`./testdata/${name}.golden.txt`, import.meta.url);
    const { text, notes, diagnostics } = importIcinga(join(testdata, name), disk, options);
    const wrong = diagnostics.map(({ summary, detail, at }) =>
      `// ${at ? `${at.file}:${at.line}: ` : ""}${summary}. ${detail}`.replaceAll(testdata, ""),
    );
    const told = [text, ...notes.map((note) => `// Not carried over: ${note}.`), ...wrong, ""].join("\n");
    if (process.env.UPDATE_CASES) writeFileSync(golden, told);
    assert.equal(told, readFileSync(golden, "utf8"));
  });

test("a regular expression takes no longer than its text is long", () => {
  // With another kind of regular expression this one took hours.
  assert.equal(evaluated(`regex("(a+)+$", "${"a".repeat(5000)}!")`), false);
  assert.throws(() => evaluated('regex("(", "a")'), /no regular expression/);
});
