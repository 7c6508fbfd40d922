import { readFile } from "node:fs/promises";
import { HavnError, type PropertyChange } from "@havn/model";
import type { Around, AspectKind } from "./aspect.ts";

type Account = { kind: "account"; name: string };
/** `password` and `aging` as /etc/shadow has them. */
export type AccountState = {
  uid: number;
  gid: number;
  group: string;
  comment: string;
  home: string;
  shell: string;
  password: string;
  /** Days: last change, least and longest time between changes, warning, inactive, expires. */
  aging: string[];
  groups: string[];
} | null;

type Group = { kind: "group"; name: string };
export type GroupState = { gid: number; members: string[] } | null;

const readLines = async (path: string): Promise<string[][]> =>
  (await readFile(path, "utf8").catch(() => ""))
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(":"));

const membersOf = (fields: readonly string[]): string[] => (fields[3] ?? "").split(",").filter(Boolean);

async function must(around: Around, command: readonly string[], stdin?: string): Promise<void> {
  const { code, stderr } = await around.run(command, stdin === undefined ? {} : { stdin });
  if (code !== 0)
    throw new HavnError(`${command.join(" ")} failed with exit code ${code}`, {
      detail: stderr.trim().slice(-500),
    });
}

export const accountAspect: AspectKind<Account, AccountState> = {
  name: ({ name }) => `user ${name}`,
  async capture({ name }) {
    const [passwd, shadow, groups] = await Promise.all(
      ["/etc/passwd", "/etc/shadow", "/etc/group"].map(readLines),
    );
    const own = passwd?.find(([known]) => known === name);
    if (!own) return null;
    const [, password = "", ...aging] = shadow?.find(([known]) => known === name) ?? [];
    const group = groups?.find(([, , gid]) => gid === own[3])?.[0] ?? own[3] ?? "";
    return {
      ...{ uid: Number(own[2]), gid: Number(own[3]), group, comment: own[4] ?? "" },
      ...{ home: own[5] ?? "", shell: own[6] ?? "", password, aging: aging.slice(0, 6) },
      groups: (groups ?? [])
        .flatMap((fields) => (membersOf(fields).includes(name) ? [fields[0] ?? ""] : []))
        .sort(),
    };
  },
  async restore(aspect, state, around) {
    const { name } = aspect;
    const now = await accountAspect.capture(aspect, around, false);
    if (state === null) {
      if (now) await must(around, ["userdel", "--", name]);
      return;
    }
    const { uid, gid, group, comment, home, shell, groups, password } = state;
    const same = ["--uid", `${uid}`, "--gid", `${gid}`, "--comment", comment, "--shell", shell];
    const words = [...same, "--groups", groups.join(",")];
    if (!now) {
      const groupIsThere = (await readLines("/etc/group")).some(([, , known]) => known === `${gid}`);
      if (!groupIsThere) await must(around, ["groupadd", "--gid", `${gid}`, "--", group]);
      await must(around, ["useradd", ...words, "--home-dir", home, "--no-create-home", "--", name]);
    } else if (changesOf(now, { ...state, password: now.password, aging: now.aging }).length > 0)
      await must(around, ["usermod", ...words, "--home", home, "--", name]);
    const made = await accountAspect.capture(aspect, around, false);
    if (made?.password !== password) await must(around, ["chpasswd", "--encrypted"], `${name}:${password}\n`);
    await restoreAging(name, state, around);
  },
  changes: async (_, now, state) => changesOf(now, state),
};

async function restoreAging(
  name: string,
  { aging }: NonNullable<AccountState>,
  around: Around,
): Promise<void> {
  const now = await accountAspect.capture({ kind: "account", name }, around, false);
  if (now?.aging.join() === aging.join()) return;
  const options = ["--lastday", "--mindays", "--maxdays", "--warndays", "--inactive", "--expiredate"];
  const words = options.flatMap((option, index) => [option, aging[index] || "-1"]);
  await must(around, ["chage", ...words, "--", name]);
}

function changesOf(now: AccountState, state: AccountState): PropertyChange[] {
  if (!now || !state)
    return [{ property: "user", before: now ? "present" : "absent", after: state ? "present" : "absent" }];
  return Object.keys(state).flatMap((property): PropertyChange[] => {
    const [before, after] = [now, state].map((one) => one[property as keyof typeof one]);
    if (String(before) === String(after)) return [];
    if (property === "password") return [{ property, before: "(secret)", after: "(secret)" }];
    return [{ property, before, after }];
  });
}

export const groupAspect: AspectKind<Group, GroupState> = {
  name: ({ name }) => `group ${name}`,
  async capture({ name }) {
    const own = (await readLines("/etc/group")).find(([known]) => known === name);
    return own ? { gid: Number(own[2]), members: membersOf(own).sort() } : null;
  },
  async restore(aspect, state, around) {
    const { name } = aspect;
    const now = await groupAspect.capture(aspect, around, false);
    if (state === null) {
      if (now) await must(around, ["groupdel", "--", name]);
      return;
    }
    const { gid, members } = state;
    if (!now) await must(around, ["groupadd", "--gid", `${gid}`, "--", name]);
    else if (now.gid !== gid) await must(around, ["groupmod", "--gid", `${gid}`, "--", name]);
    if ((now?.members ?? []).join() !== members.join())
      await must(around, ["gpasswd", "--members", members.join(","), name]);
  },
};
