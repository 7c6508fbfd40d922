// Random configurations of one lab machine, for host/undo/undo.lab.test.ts: the same seed gives the same ones.
import type { Resource } from "@havn/model";
import { declared } from "./environment.ts";

export type Random = (below: number) => number;

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Properties = Record<string, unknown>;

const key =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJq1XyqLGcvyDzNZrTkCkzSbTPLDY1gTgkQe7cRfEYrz somebody@somewhere";
const base = "/srv/undo";

/** One maker a resource: `v` is 0, 1 or 2. Those whose names come first are there for those that come later. */
const makers: [type: string, name: string, make: (v: number) => Properties][] = [
  ["package", "tree", (v) => (v === 0 ? { name: "tree" } : { name: "tree", hold: v === 1 })],
  ["package", "bc", (v) => (v === 2 ? { name: "bc", absent: true } : { name: "bc" })],
  ["group", "crew", (v) => ({ name: "crew", gid: 4000 + v })],
  ["user", "ada", (v) => ({ name: "ada", comment: `Ada ${v}`, shell: v === 1 ? "/bin/sh" : "/bin/bash" })],
  ["user", "bot", (v) => ({ name: "bot", system: true, absent: v === 2, locked: v === 1 })],
  ["authorized.key", "ada", (v) => ({ user: "ada", key, options: v === 1 ? ["no-pty"] : [] })],
  ["directory", "base", (v) => ({ path: base, mode: ["0755", "0750", "0700"][v] })],
  ["directory", "deep", (v) => ({ path: `${base}/deep`, owner: v === 1 ? "daemon" : "root" })],
  [
    "file",
    "deep",
    (v) => ({ path: `${base}/deep/f`, content: `deep ${v}\n`, mode: v === 2 ? "0600" : "0644" }),
  ],
  [
    "file",
    "theirs",
    (v) => (v === 2 ? { path: "/etc/undo-old", absent: true } : { path: "/etc/undo-old", content: `${v}\n` }),
  ],
  ["symlink", "link", (v) => ({ path: `${base}/link`, target: `target-${v}` })],
  [
    "hardlink",
    "hard",
    (v) =>
      v === 2
        ? { path: `${base}/hard`, target: "/etc/hostname", absent: true }
        : { path: `${base}/hard`, target: "/etc/hostname", force: true },
  ],
  ["line", "text", (v) => ({ path: "/etc/undo-text", line: `added ${v}` })],
  [
    "block",
    "text",
    (v) => ({ path: "/etc/undo-text", marker: "# {mark} undo", content: `in a block ${v}\n` }),
  ],
  ["replace", "text", (v) => ({ path: "/etc/undo-text", regexp: "o", replacement: `${v}` })],
  ["setting.ini", "ini", (v) => ({ path: "/etc/undo.ini", section: "s", key: "k", value: `${v}` })],
  ["setting.json", "json", (v) => ({ path: "/etc/undo.json", key: "a.b", value: v })],
  ["setting.yaml", "yaml", (v) => ({ path: "/etc/undo.yaml", key: "a.b", value: v })],
  ["setting.toml", "toml", (v) => ({ path: "/etc/undo.toml", key: "a.b", value: v })],
  ["archive", "archive", () => ({ path: `${base}/unpacked`, source: "/root/archive.tar" })],
  [
    "cron.entry",
    "job",
    (v) => ({ name: "undo", schedule: `${v} 3 * * *`, user: "root", command: "true", absent: v === 2 }),
  ],
  ["hosts.entry", "name", (v) => ({ name: "undo.example", address: `10.9.8.${v + 1}` })],
  ["sysctl", "port", (v) => ({ key: "net.ipv4.ip_unprivileged_port_start", value: 1000 + v })],
  ["timezone", "zone", (v) => ({ zone: ["Europe/Oslo", "Europe/Berlin", "Etc/UTC"][v] })],
  [
    "alternatives",
    "tool",
    (v) => ({
      name: "undo-tool",
      path: ["/bin/true", "/bin/false", "/bin/true"][v],
      link: "/usr/local/bin/undo-tool",
    }),
  ],
  ["dpkg.diversion", "bin", (v) => ({ path: "/usr/bin/yes", to: `/usr/bin/yes.${v}` })],
  [
    "systemd.unit",
    "own",
    (v) => ({
      name: "undo-own.service",
      content: `[Service]\nExecStart=/bin/sleep ${1000 + v}\n[Install]\nWantedBy=multi-user.target\n`,
      dropIns: v === 0 ? {} : { nice: `[Service]\nNice=${v}\n` },
      enabled: v !== 1,
      active: v !== 2,
    }),
  ],
  [
    "systemd.unit",
    "timer",
    (v) => ({
      name: "undo-tick.timer",
      content: `[Timer]\nUnit=systemd-tmpfiles-clean.service\nOnCalendar=*-*-* 0${v}:00\n[Install]\nWantedBy=timers.target\n`,
      enabled: true,
      active: v === 1,
    }),
  ],
  [
    "mount",
    "scratch",
    (v) => ({ path: "/srv/scratch", device: "tmpfs", type: "tmpfs", options: `size=${v + 1}m,mode=0700` }),
  ],
  ["systemd.unit", "masked", (v) => ({ name: "systemd-pstore.service", masked: v === 1 })],
];

/** About half of all; what needs another comes with it. */
export function randomBundle(random: Random): Resource[] {
  const chosen = makers.filter(([type]) => random(2) === 0 || type === "user" || type === "directory");
  const resources: Resource[] = [];
  for (const [type, name, make] of chosen) {
    const needs = resources.at(-1);
    resources.push(
      declared(type, name, {
        host: "undo-1",
        properties: make(random(3)),
        // Edits of one file, and what stands in a folder, one after the other.
        dependsOn:
          needs && /^(line|block|replace|file|authorized.key|symlink|archive)$/.test(type)
            ? [needs.address]
            : [],
      }),
    );
  }
  return resources;
}

/** Fails before anything of it is done, holds up another, fails when half of it is done, fails in a transaction. */
export const failing: Resource[] = [
  ["file", "blocked", { path: "/etc/undo-old-too/file", content: "never\n" }, []],
  ["file", "waits", { path: `${base}-waits`, content: "never\n" }, ["shop/file/blocked"]],
  [
    "systemd.unit",
    "fails",
    {
      name: "undo-fails.service",
      content: "[Service]\nType=oneshot\nExecStart=/bin/false\n[Install]\nWantedBy=multi-user.target\n",
      enabled: true,
      active: true,
    },
    [],
  ],
  ["package", "none", { name: "undo-no-such-package" }, []],
].map(([type, name, properties, dependsOn]) =>
  declared(type as string, name as string, {
    host: "undo-1",
    properties: properties as Properties,
    dependsOn: dependsOn as string[],
  }),
);
