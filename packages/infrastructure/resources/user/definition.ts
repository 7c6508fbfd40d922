import type { PropertyChange } from "@havn/model";
import { z } from "zod";
import { nothing, type Part, part, planOf } from "../parts.ts";
import { absolutePath, accountName, oneLine, textProperty } from "../text.ts";
import { type HostPlan, type Operation, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const userSchema = z.strictObject({
  name: accountName.describe("name to sign in with"),
  uid: z.number().int().min(0).optional().describe("number; absent: the next free one"),
  group: accountName.optional().describe("primary group; absent: one of the user's own name"),
  groups: z.array(accountName).optional().describe("supplementary groups; absent: left as they are"),
  groupsExactly: z.boolean().default(false).describe("true: the user leaves all other supplementary groups"),
  comment: z
    .string()
    .regex(/^[^:\n]*$/, "expected a text without colons")
    .optional()
    .describe("full name or purpose (GECOS)"),
  home: absolutePath.optional().describe("absent: /home/NAME for a new user"),
  createHome: z.boolean().optional().describe("absent: true unless `system`"),
  shell: absolutePath.optional().describe("absent: the host's default for a new user"),
  passwordHash: textProperty.optional().describe("as in /etc/shadow (crypt), a reference to a secret"),
  locked: z.boolean().optional().describe("true: no password lets the user in; keys still do"),
  system: z.boolean().default(false).describe("true: a new user's number comes from the system's range"),
  absent: z.boolean().default(false).describe("true: the user must not be there"),
  removeHome: z.boolean().default(false).describe("true: the home goes with the user"),
});
export type UserProperties = Omit<z.output<typeof userSchema>, "passwordHash"> & { passwordHash?: string };

export type UserObserved =
  /** `ownGroup`: a group of the user's name is there already. */
  | { kind: "absent"; ownGroup: boolean }
  | {
      kind: "present";
      ours: boolean;
      uid: number;
      /** Name, or number of one that has none. */
      group: string;
      groups: string[];
      comment: string;
      home: string;
      shell: string;
      /** Without the mark of a lock; "" where there is none. */
      passwordHash: string;
      locked: boolean;
    };
type Present = UserObserved & { kind: "present" };

const user: ResourceDefinition<UserProperties, UserObserved> = {
  type: "user",
  schema: userSchema,
  plan: planUser,
  watches: () => ["/etc/passwd", "/etc/shadow", "/etc/group"],
  secrets: ["passwordHash"],
  shares: () => ["/etc/passwd", "/etc/group", "/etc/shadow"],
};
export default user;

function planUser(observed: UserObserved, desired: UserProperties, wanted: Wanted): HostPlan {
  if (desired.absent || wanted === "absent") return planRemoval(observed, desired);
  if (observed.kind === "absent") return planCreation(observed.ownGroup, desired);
  return planOf("update", planAccount(observed, desired), planPassword(observed, desired));
}

function planCreation(ownGroup: boolean, desired: UserProperties): HostPlan {
  const { name, uid, comment, home, shell, groups = [], system, passwordHash, locked } = desired;
  const group = desired.group ?? (ownGroup ? name : undefined);
  const createHome = desired.createHome ?? !system;
  const words = [
    ...(system ? ["--system"] : []),
    ...option("--uid", uid),
    ...option("--gid", group),
    ...(groups.length > 0 ? ["--groups", groups.join(",")] : []),
    ...option("--comment", comment),
    ...option("--home-dir", home),
    createHome ? "--create-home" : "--no-create-home",
    ...option("--shell", shell),
  ];
  const changes: PropertyChange[] = Object.entries({ name, uid, group, comment, home, shell })
    .filter(([, after]) => after !== undefined)
    .map(([property, after]) => ({ property, after }));
  if (groups.length > 0) changes.push({ property: "groups", after: [...groups].sort() });
  const secret = passwordHash === undefined ? [] : [setPassword(name, passwordHash, locked === true)];
  if (passwordHash !== undefined) changes.push({ property: "passwordHash", after: passwordHash });
  return {
    action: "create",
    changes,
    operations: [{ kind: "run", command: ["useradd", ...words, "--", name] }, ...secret],
  };
}

/** All that usermod can change, in one call. */
function planAccount(observed: Present, desired: UserProperties): Part {
  const { name, uid, group, comment, home, shell } = desired;
  const words: string[] = [];
  const changes: PropertyChange[] = [];
  const scalars = { uid, group, comment, home, shell };
  for (const [property, after] of Object.entries(scalars)) {
    const before = observed[property as keyof typeof scalars];
    if (after === undefined || after === before) continue;
    changes.push({ property, before, after });
    words.push(property === "group" ? "--gid" : `--${property}`, String(after));
  }
  const groups = planGroups(observed, desired);
  if (groups.length > 0) {
    const after = desired.groupsExactly ? groups : [...observed.groups, ...groups];
    changes.push({ property: "groups", before: [...observed.groups].sort(), after: [...after].sort() });
    words.push(...(desired.groupsExactly ? [] : ["--append"]), "--groups", groups.join(","));
  } else if (desired.groupsExactly && desired.groups?.length === 0 && observed.groups.length > 0) {
    changes.push({ property: "groups", before: [...observed.groups].sort(), after: [] });
    words.push("--groups", "");
  }
  return words.length === 0 ? nothing : { changes, operations: [usermod(name, ...words)] };
}

/** Groups to hand to usermod; none where the user is in the right ones. */
function planGroups({ groups: before }: Present, { groups = [], groupsExactly }: UserProperties): string[] {
  const missing = groups.filter((group) => !before.includes(group));
  if (!groupsExactly) return missing;
  const extra = before.filter((group) => !groups.includes(group));
  return missing.length + extra.length > 0 ? [...groups] : [];
}

function planPassword(observed: Present, { name, passwordHash, locked }: UserProperties): Part {
  const shallLock = locked ?? observed.locked;
  if (passwordHash !== undefined && passwordHash !== observed.passwordHash)
    return part(
      "passwordHash",
      observed.passwordHash,
      passwordHash,
      setPassword(name, passwordHash, shallLock),
    );
  // Without a password there is nothing to unlock.
  if (!shallLock && observed.passwordHash === "") return nothing;
  return part("locked", observed.locked, shallLock, usermod(name, shallLock ? "--lock" : "--unlock"));
}

/** The hash goes in by standard input: no argument holds it. */
const setPassword = (name: string, hash: string, locked: boolean): Operation => ({
  kind: "run",
  command: ["chpasswd", "--encrypted"],
  stdin: `${name}:${locked ? "!" : ""}${oneLine(hash, `The password hash of ${name}`)}\n`,
});

const usermod = (name: string, ...words: string[]): Operation => ({
  kind: "run",
  command: ["usermod", ...words, "--", name],
});

const option = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [name, String(value)];

/** Homes hold what people made: they stay unless it is said that they go. */
function planRemoval(observed: UserObserved, { name, absent, removeHome }: UserProperties): HostPlan {
  if (observed.kind === "absent" || (!absent && !observed.ours)) return unchanged;
  const command = ["userdel", ...(removeHome ? ["--remove"] : []), "--", name];
  return {
    action: "delete",
    changes: [{ property: "name", before: name }],
    operations: [{ kind: "run", command }],
  };
}
