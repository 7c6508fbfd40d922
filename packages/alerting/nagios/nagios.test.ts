import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { importNagios, type NagiosFiles, readNagios } from "./index.ts";
import { type NagiosObject, parseObjects } from "./parse.ts";
import { listOf } from "./resolve.ts";
import { randomConfiguration } from "./testing/random.ts";

const testdata = fileURLToPath(new URL("./testdata/", import.meta.url));
const disk: NagiosFiles = {
  read: (path) =>
    statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, "utf8") : undefined,
  list: (folder) =>
    globSync("**/*.cfg", { cwd: folder })
      .sort()
      .map((name) => join(folder, name)),
};

/** What Debian's nagios4 itself makes of a configuration: its precached objects. */
function asNagiosSees(folder: string): NagiosObject[] {
  const work = mkdtempSync(join(tmpdir(), "havn-nagios-"));
  try {
    cpSync(folder, work, { recursive: true });
    mkdirSync(join(work, "spool"));
    const cache = join(work, "objects.precache");
    const main = [
      ...[`cfg_dir=${work}/conf.d`, `resource_file=${work}/resource.cfg`, `precached_object_file=${cache}`],
      ...[
        `object_cache_file=${work}/objects.cache`,
        `log_file=${work}/nagios.log`,
        `check_result_path=${work}/spool`,
      ],
      ...[`temp_path=${work}`, `temp_file=${work}/temp`, `lock_file=${work}/lock`, "interval_length=60"],
      ...[
        `status_file=${work}/status`,
        `command_file=${work}/rw`,
        `nagios_user=${userInfo().username}`,
        "illegal_object_name_chars=`~!$%^&*|'\"<>?,()=",
      ],
    ];
    writeFileSync(join(work, "main.cfg"), `${main.join("\n")}\n`);
    execFileSync("nagios4", ["-vp", join(work, "main.cfg")], { stdio: "pipe" });
    return parseObjects(readFileSync(cache, "utf8"), cache).objects;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What is compared of each type; lists as sets, numbers as numbers. */
const compared: Record<string, readonly string[]> = {
  host: [
    ...["address", "parents", "check_command", "check_interval", "retry_interval", "max_check_attempts"],
    ...["contacts", "contact_groups", "notification_period", "notification_interval", "event_handler"],
    ...["active_checks_enabled", "freshness_threshold", "low_flap_threshold", "high_flap_threshold"],
  ],
  service: [
    ...["check_command", "check_interval", "retry_interval", "max_check_attempts", "is_volatile", "contacts"],
    ...["contact_groups", "notification_period", "notification_interval", "active_checks_enabled"],
    ...["freshness_threshold", "notifications_enabled"],
  ],
};
const lists = new Set(["parents", "contacts", "contact_groups", "members"]);
/** What Nagios takes where nothing is said. */
const usual: Readonly<Record<string, string>> = {
  check_interval: "5",
  retry_interval: "1",
  notification_interval: "30",
  is_volatile: "0",
  active_checks_enabled: "1",
  notifications_enabled: "1",
  freshness_threshold: "0",
  low_flap_threshold: "0",
  high_flap_threshold: "0",
};

function seen(type: string, values: ReadonlyMap<string, string>): Record<string, unknown> {
  const custom = [...values].filter(([name]) => name.startsWith("_"));
  const shown = (compared[type] ?? []).map((name) => {
    const value = values.get(name) ?? usual[name] ?? "";
    if (lists.has(name)) return [name, listOf(value).sort()];
    return [name, value !== "" && Number.isFinite(Number(value)) ? Number(value) : value];
  });
  return Object.fromEntries([...shown, ...custom.map(([name, value]) => [name, value])]);
}

test("resolved objects are those of Debian's nagios4", { timeout: 600_000 }, () => compare(testdata));

test("so are those of configurations that chance wrote", { timeout: 300_000 }, () => {
  for (let seed = 1; seed <= 40; seed++) {
    const folder = mkdtempSync(join(tmpdir(), "havn-nagios-"));
    try {
      mkdirSync(join(folder, "conf.d"));
      writeFileSync(join(folder, "nagios.cfg"), "cfg_dir=conf.d\nresource_file=resource.cfg\n");
      writeFileSync(join(folder, "resource.cfg"), "$USER1$=/usr/lib/nagios/plugins\n");
      const text = randomConfiguration(seed);
      writeFileSync(join(folder, "conf.d", "all.cfg"), text);
      try {
        compare(folder);
      } catch (cause) {
        throw new Error(`seed ${seed}:\n${text}`, { cause });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
});

function compare(folder: string): void {
  const theirs = asNagiosSees(folder);
  const { configuration: ours } = readNagios(folder, disk);
  assert.deepEqual(ours.diagnostics, []);
  const of = (type: string) => theirs.filter((object) => object.type === type);
  const keyed = <T>(entries: [string, T][]) =>
    Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));

  assert.deepEqual(
    keyed(ours.hosts.map(({ name, values }) => [name, seen("host", values)])),
    keyed(of("host").map(({ values }) => [values.get("host_name") ?? "", seen("host", custom(values))])),
  );
  assert.deepEqual(
    keyed(
      ours.services.map(({ host, description, values }) => [
        `${host};${description}`,
        seen("service", values),
      ]),
    ),
    keyed(
      of("service").map(({ values }) => [
        `${values.get("host_name")};${values.get("service_description")}`,
        seen("service", custom(values)),
      ]),
    ),
  );
  for (const [type, groups] of [
    ["hostgroup", ours.hostgroups],
    ["contactgroup", ours.contactgroups],
  ] as const)
    assert.deepEqual(
      keyed(groups.map(({ name, members }) => [name, members])),
      keyed(
        of(type).map(({ values }) => [
          values.get(`${type}_name`) ?? "",
          listOf(values.get("members")).sort(),
        ]),
      ),
      type,
    );
  const pairs = (members: string | undefined) => {
    const names = listOf(members);
    return names.flatMap((name, at) => (at % 2 === 0 ? [`${name};${names[at + 1]}`] : [])).sort();
  };
  assert.deepEqual(
    keyed(ours.servicegroups.map(({ name, members }) => [name, members])),
    keyed(
      of("servicegroup").map(({ values }) => [
        values.get("servicegroup_name") ?? "",
        pairs(values.get("members")),
      ]),
    ),
  );
  const dependency = (values: ReadonlyMap<string, string>) => {
    const name = (prefix: string) =>
      [values.get(`${prefix}host_name`), values.get(`${prefix}service_description`)]
        .filter(Boolean)
        .join(";");
    return `${name("")} > ${name("dependent_")}`;
  };
  assert.deepEqual(
    [...ours.hostdependencies, ...ours.servicedependencies]
      .map(({ master, dependent }) => `${master} > ${dependent}`)
      .sort(),
    [
      ...new Set(
        [...of("hostdependency"), ...of("servicedependency")].map(({ values }) => dependency(values)),
      ),
    ].sort(),
  );
  assert.deepEqual(
    [...ours.hostescalations, ...ours.serviceescalations].map((one) => one.of).sort(),
    [...of("hostescalation"), ...of("serviceescalation")]
      .map(({ values }) =>
        [values.get("host_name"), values.get("service_description")].filter(Boolean).join(";"),
      )
      .sort(),
  );
}

/** As Nagios writes custom variables: `_NAME 0;value`. */
const custom = (values: ReadonlyMap<string, string>): Map<string, string> =>
  new Map(
    [...values].map(([name, value]) => [name, name.startsWith("_") ? value.replace(/^\d;/, "") : value]),
  );

test("what is written: readable TypeScript, and what was not carried", () => {
  const { text, notes } = importNagios(testdata, disk);
  const golden = new URL("./testdata/checks.golden.txt", import.meta.url);
  const told = `${text}\n${notes.map((note) => `// Not carried over: ${note}.`).join("\n")}\n`;
  if (process.env.UPDATE_CASES) writeFileSync(golden, told);
  assert.equal(told, readFileSync(golden, "utf8"));
});

test("what cannot be read is named with its place, and the rest goes on", () => {
  const files: Record<string, string> = {
    "/etc/n/a.cfg":
      "define host {\n host_name a\n use none\n address 1.2.3.4\n check_command c\n}\nnonsense\n}\n",
    "/etc/n/b.cfg":
      "define host {\n host_name b\n use loop\n check_command c\n}\ndefine host {\n name loop\n use loop\n register 0\n}\ndefine service {\n host_name a,gone\n service_description S\n check_command nowhere!x\n",
    "/etc/n/c.cfg": "define command {\n command_name c\n command_line /bin/true\n}\n",
  };
  const { diagnostics, hosts, checks } = importNagios("/etc/n", {
    read: (path) => files[path],
    list: () => Object.keys(files),
  });
  assert.deepEqual(
    diagnostics.map(({ summary, at }) => `${at?.file.split("/").at(-1)}:${at?.line} ${summary}`),
    [
      'a.cfg:7 "nonsense" stands outside of a definition',
      "a.cfg:8 A brace closes nothing",
      "b.cfg:11 define service is not closed",
      'a.cfg:1 Template "none" is not defined',
      'b.cfg:6 Template "loop" uses itself',
    ],
  );
  assert.deepEqual([hosts, checks], [2, 2]);
});
