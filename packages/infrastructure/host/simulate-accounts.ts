import { setLine } from "../resources/lines.ts";

/** Texts of the files that hold a host's accounts. */
export interface AccountFiles {
  passwd: string;
  group: string;
  shadow: string;
  /** /etc/login.defs: which numbers are for whom. */
  defs?: string;
}

type Row = string[];

const rowsOf = (text: string): Row[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(":"));
const textOf = (rows: readonly Row[]): string => rows.map((row) => `${row.join(":")}\n`).join("");

const programs = [
  ...["useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel", "gpasswd", "chpasswd"],
];

export const isAccountProgram = ([program = ""]: readonly string[]): boolean => programs.includes(program);

/**
 * What the account files will be once one of these programs has run, with the words that our types give them. A number
 * that the program chooses by itself is found as it does: see `nextFree`.
 */
export function simulateAccounts(
  [program = "", ...words]: readonly string[],
  files: AccountFiles,
  stdin = "",
): AccountFiles {
  const name = words.at(-1) ?? "";
  const options = optionsIn(words);
  switch (program) {
    case "useradd":
      return addUser(name, options, files);
    case "usermod":
      return changeUser(name, options, files);
    case "userdel":
      return removeUser(name, files);
    case "groupadd":
      return {
        ...files,
        group: addGroup(files, name, { gid: options.get("--gid"), system: options.has("--system") }),
      };
    case "groupmod":
      return { ...files, group: change(files.group, name, { 2: options.get("--gid") }) };
    case "groupdel":
      return { ...files, group: setLine(files.group, `^${name}:`, undefined) };
    case "gpasswd":
      return { ...files, group: change(files.group, name, { 3: options.get("--members") }) };
    case "chpasswd": {
      const [user = "", hash] = stdin.trim().split(":");
      return { ...files, shadow: change(files.shadow, user, { 1: hash }) };
    }
    default:
      return files;
  }
}

/** Our types write `--option value`; the name comes last. */
function optionsIn(words: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (const [index, word] of words.entries())
    if (word.startsWith("--")) options.set(word, words[index + 1] ?? "");
  return options;
}

/** Fields of the row of `name`; undefined ones stay. */
const change = (text: string, name: string, fields: Record<number, string | undefined>): string =>
  textOf(
    rowsOf(text).map((row) => (row[0] === name ? row.map((field, index) => fields[index] ?? field) : row)),
  );

/** The numbers of accounts ("UID") or groups ("GID"), of the system's or of people's, with shadow's own defaults. */
function rangeOf(kind: "UID" | "GID", system: boolean, defs = ""): { least: number; most: number } {
  const setting = (name: string, usual: number) =>
    Number(new RegExp(`^\\s*${name}\\s+(\\d+)`, "m").exec(defs)?.[1] ?? usual);
  const first = setting(`${kind}_MIN`, 1000);
  return system
    ? { least: setting(`SYS_${kind}_MIN`, 101), most: setting(`SYS_${kind}_MAX`, first - 1) }
    : { least: first, most: setting(`${kind}_MAX`, 60_000) };
}

/**
 * As shadow's find_new_uid.c goes about it, reading the file from top to bottom: the system's numbers go down from the
 * lowest that it meets on its way, the others up from the highest; where none is free that way, from the far end.
 */
function nextFree(
  rows: readonly Row[],
  { least, most }: { least: number; most: number },
  system: boolean,
): string {
  const taken = rows.map((row) => Number(row[2]));
  let start = system ? most : least;
  for (const id of taken)
    if (system && id <= start && id >= least) start = id - 1;
    else if (!system && id >= start && id <= most) start = id + 1;
  const used = new Set(taken);
  const onward = system ? countdown(start, least) : countdown(most, start).reverse();
  const rest = system ? countdown(most, start + 1) : countdown(start - 1, least).reverse();
  return String([...onward, ...rest].find((id) => !used.has(id)) ?? "");
}

const countdown = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => from - index);

function addGroup(
  { group, defs }: AccountFiles,
  name: string,
  { gid, preferred, system }: { gid?: string | undefined; preferred?: string | undefined; system: boolean },
): string {
  const rows = rowsOf(group);
  if (rows.some(([known]) => known === name)) return group;
  const range = rangeOf("GID", system, defs);
  const fits = Number(preferred) >= range.least && Number(preferred) <= range.most;
  const isFree = fits && !rows.some((row) => row[2] === preferred);
  return `${group}${name}:x:${gid ?? (isFree ? preferred : nextFree(rows, range, system))}:\n`;
}

const gidOf = (group: string, name: string): string =>
  rowsOf(group).find(([known]) => known === name)?.[2] ?? name;

function addUser(name: string, options: ReadonlyMap<string, string>, files: AccountFiles): AccountFiles {
  const system = options.has("--system");
  const range = rangeOf("UID", system, files.defs);
  const uid = options.get("--uid") ?? nextFree(rowsOf(files.passwd), range, system);
  const own = options.get("--gid");
  const group = own === undefined ? addGroup(files, name, { preferred: uid, system }) : files.group;
  const home = options.get("--home-dir") ?? `/home/${name}`;
  const fields = [options.get("--comment") ?? "", home, options.get("--shell") ?? "/bin/sh"];
  const row = [name, "x", uid, gidOf(group, own ?? name), ...fields].join(":");
  return {
    ...files,
    passwd: `${files.passwd}${row}\n`,
    shadow: `${files.shadow}${name}:!:::::::\n`,
    group: joinGroups(group, name, options.get("--groups")?.split(",") ?? [], false),
  };
}

function changeUser(name: string, options: ReadonlyMap<string, string>, files: AccountFiles): AccountFiles {
  const gid = options.get("--gid");
  const password = rowsOf(files.shadow).find(([known]) => known === name)?.[1] ?? "";
  const locked = options.has("--lock") ? `!${password.replace(/^!/, "")}` : undefined;
  const unlocked = options.has("--unlock") ? password.replace(/^!/, "") : undefined;
  const groups = options.get("--groups");
  return {
    ...files,
    passwd: change(files.passwd, name, {
      2: options.get("--uid"),
      3: gid === undefined ? undefined : gidOf(files.group, gid),
      4: options.get("--comment"),
      5: options.get("--home"),
      6: options.get("--shell"),
    }),
    shadow: change(files.shadow, name, { 1: locked ?? unlocked }),
    group:
      groups === undefined
        ? files.group
        : joinGroups(files.group, name, groups.split(",").filter(Boolean), !options.has("--append")),
  };
}

function joinGroups(group: string, name: string, groups: readonly string[], exactly: boolean): string {
  return textOf(
    rowsOf(group).map((row) => {
      const members = (row[3] ?? "").split(",").filter(Boolean);
      const joins = groups.includes(row[0] ?? "") && !members.includes(name);
      const leaves = exactly && !groups.includes(row[0] ?? "");
      if (joins) return [...row.slice(0, 3), [...members, name].join(",")];
      return leaves ? [...row.slice(0, 3), members.filter((one) => one !== name).join(",")] : row;
    }),
  );
}

/** The group of the user's own name goes too, unless it has others in it. */
function removeUser(name: string, files: AccountFiles): AccountFiles {
  const left = joinGroups(files.group, name, [], true);
  const others = rowsOf(left).find(([known]) => known === name)?.[3];
  return {
    ...files,
    passwd: setLine(files.passwd, `^${name}:`, undefined),
    shadow: setLine(files.shadow, `^${name}:`, undefined),
    group: others === "" ? setLine(left, `^${name}:`, undefined) : left,
  };
}
