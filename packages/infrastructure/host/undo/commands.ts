import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation } from "../../resources/type.ts";
import type { Aspect } from "./aspect.ts";
import { aspect, type Effect, onPath } from "./effects.ts";
import { parentsOf } from "./scalars.ts";

type Run = Operation & { kind: "run" };
type Words = readonly string[];

/** What each program that resource types run does to a host. A program that is not here is told as not to be undone. */
const programs: Record<string, (words: Words, operation: Run) => Effect[]> = {
  systemctl: systemctlEffects,
  useradd: (words) => {
    const name = lastOf(words);
    const home = optionOf(words, "--home-dir") ?? join("/home", name);
    return [
      ...(words.includes("--create-home") ? [aspect({ kind: "tree", path: home })] : []),
      ...accountOf(name),
    ];
  },
  usermod: (words) => accountOf(lastOf(words)),
  userdel: (words) => {
    const name = lastOf(words);
    const home = words.includes("--remove") ? homeOf(name) : undefined;
    return [...(home === undefined ? [] : [aspect({ kind: "tree", path: home })]), ...accountOf(name)];
  },
  chpasswd: (_, { stdin = "" }) =>
    stdin
      .split("\n")
      .filter(Boolean)
      .map((line) => aspect({ kind: "account", name: line.split(":")[0] ?? "" })),
  groupadd: (words) => [aspect({ kind: "group", name: lastOf(words) })],
  groupmod: (words) => [aspect({ kind: "group", name: lastOf(words) })],
  groupdel: (words) => [aspect({ kind: "group", name: lastOf(words) })],
  gpasswd: (words) => [aspect({ kind: "group", name: lastOf(words) })],
  sysctl: (words) => [aspect({ kind: "sysctl", key: lastOf(words).split(/[=~]/)[0] ?? "" })],
  modprobe: (words) =>
    plain(words)
      .slice(0, 1)
      .map((name) => aspect({ kind: "module", name })),
  hostname: () => [aspect({ kind: "hostname" })],
  mkdir: (words) => {
    const path = lastOf(words);
    return [...(words.includes("--parents") ? parentsOf(path).map(onPath) : []), onPath(path)];
  },
  ln: (words) => [onPath(lastOf(words))],
  mount: (words) => [aspect({ kind: "mount", path: lastOf(words) })],
  umount: (words) => [aspect({ kind: "mount", path: lastOf(words) })],
  swapon: (words) => [aspect({ kind: "swap", path: lastOf(words) })],
  swapoff: (words) => [aspect({ kind: "swap", path: lastOf(words) })],
  fallocate: (words) => [onPath(lastOf(words))],
  mkswap: (words) => [onPath(lastOf(words))],
  nft: (words) => firewallOf(words),
  "update-alternatives": (words) => {
    const [verb, first = "", second = ""] = words.filter((word) => word !== "--quiet");
    return [aspect({ kind: "alternative", name: verb === "--install" ? second : first })];
  },
  "dpkg-divert": (words) => [aspect({ kind: "diversion", path: lastOf(words) })],
  "locale-gen": () => [{ does: "again", command: ["locale-gen"], soon: true }],
  "apt-mark": (words) => [aspect({ kind: "packages", named: words.slice(1), purged: [] })],
  dnf: (words) => otherPackages("dnf", words, "versionlock"),
  apk: (words) => otherPackages("apk", words, "add"),
  // Lists of packages: what they were is in the archive, not here.
  "apt-get": (words) => (words[0] === "update" ? [] : [unknown(["apt-get", ...words])]),
  "debconf-set-selections": () => [{ does: "never", why: "the answers that were given to debconf stay" }],
  "dpkg-reconfigure": (words) => [{ does: "never", why: `${lastOf(words)} stays as it was configured anew` }],
  npm: (words, { from = [] }) => {
    const prefix = optionOf(words, "--prefix");
    const where = prefix === undefined ? ["--global"] : ["--prefix", prefix];
    const name = lastOf(words).replace(/(?<=.)@[^@/]*$/, "");
    const files =
      prefix === undefined
        ? []
        : ["package.json", "package-lock.json"].map((file) => onPath(join(prefix, file)));
    return [
      ...files,
      aspect({ kind: "npm", where, name, from: [...withValue(words, "--registry"), ...from] }),
    ];
  },
};

export function commandEffects(operation: Run): Effect[] {
  const { command, from } = operation;
  const [program = "", ...words] = command;
  if (program.endsWith("/bin/pip"))
    return [
      aspect({
        kind: "pip",
        pip: program,
        name: packageIn(lastOf(words)),
        from: [
          ...flag(words, "--no-index"),
          ...withValue(words, "--index-url"),
          ...withValue(words, "--find-links"),
          ...(from ?? []),
        ],
      }),
    ];
  if (words[0] === "-m" && words[1] === "venv") return [aspect({ kind: "folder", path: lastOf(words) })];
  const known = Object.hasOwn(programs, program) ? programs[program] : undefined;
  return known?.(words, operation) ?? [unknown(operation.command)];
}

/** The marks that hold a package or let it go. */
const otherPackages = (manager: "dnf" | "apk", words: Words, verb: string): Effect[] =>
  words[0] === verb
    ? [aspect({ kind: "other packages", manager, named: [lastOf(words).split("=")[0] ?? ""] })]
    : [unknown([manager, ...words])];

const unknown = (command: Words): Effect => ({
  does: "never",
  why: `${command.slice(0, 4).join(" ")} was run`,
});
const lastOf = (words: Words): string => words.at(-1) ?? "";
const plain = (words: Words): string[] => words.filter((word) => !word.startsWith("-"));
/** An option as it stands, with its value; nothing where it does not. */
const flag = (words: Words, name: string): string[] => (words.includes(name) ? [name] : []);
const withValue = (words: Words, name: string): string[] => [
  ...flag(words, name),
  ...[optionOf(words, name) ?? []].flat(),
];
const packageIn = (entry: string): string => entry.replace(/\[.*|[=<>~!].*/, "");

function optionOf(words: Words, name: string): string | undefined {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

/** The group first: put back last, after the account that may be all that keeps it. */
const accountOf = (name: string): Effect[] => [
  aspect({ kind: "group", name }),
  aspect({ kind: "account", name }),
];

const homeOf = (name: string): string | undefined =>
  readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([known]) => known === name)?.[5];

function systemctlEffects(words: Words): Effect[] {
  const [verb = "", ...units] = plain(words);
  switch (verb) {
    case "restart":
    case "reload":
    case "reload-or-restart":
      return units.flatMap((unit): Effect[] => [
        aspect({ kind: "unit", name: unit }),
        { does: "again", command: ["systemctl", verb, unit], unit },
      ]);
    case "daemon-reload":
    case "reset-failed":
      return [];
    default:
      return units.map((name) => aspect({ kind: "unit", name }));
  }
}

function firewallOf(words: Words): Effect[] {
  const [verb, what, family = "", name = ""] = words;
  if (verb !== "delete" || what !== "table") return [unknown(["nft", ...words])];
  return [aspect({ kind: "firewall", family: family as (Aspect & { kind: "firewall" })["family"], name })];
}
