import { join } from "node:path";
import { HavnError, type InventoryItem } from "@havn/model";
import { findText, readColons } from "../../resources/read-files.ts";
import type { HostReads } from "../../resources/type.ts";
import { readDpkg } from "./dpkg.ts";
import type { Found } from "./index.ts";

interface Account {
  name: string;
  uid: number;
  gid: number;
  comment: string;
  home: string;
  shell: string;
}

/** The first number that people's accounts get; below 100 are those that every Debian has. */
const firstPerson = 1000;
const firstOfPackages = 100;
const nobody = 65_534;

/** Users and groups that people made, with the keys that let anyone in. */
export async function readAccounts(host: HostReads): Promise<Found> {
  const [passwd, group, shadow, { isNamedInScripts }] = await Promise.all([
    readColons("/etc/passwd", host),
    readColons("/etc/group", host),
    readColons("/etc/shadow", host),
    readDpkg(),
  ]);
  const isOurs = (name: string, number: number) =>
    number !== nobody && (number >= firstPerson || (number >= firstOfPackages && !isNamedInScripts(name)));
  const users = [...passwd.values()].map(
    ([name = "", , uid, gid, comment = "", home = "", shell = ""]): Account => ({
      ...{ name, uid: Number(uid), gid: Number(gid), comment, home, shell },
    }),
  );
  const groups = [...group.values()].map(([name = "", , gid, members = ""]) => ({
    name,
    gid: Number(gid),
    members: members.split(",").filter((member) => member !== ""),
  }));
  const found: Found = { items: [], notes: [] };
  for (const { name, gid } of groups) {
    const own = users.find((user) => user.name === name && user.gid === gid && user.uid === gid);
    if (isOurs(name, gid) && !own) found.items.push(groupItem(name, gid));
  }
  for (const user of users) {
    const further = groups.filter(({ members }) => members.includes(user.name)).map(({ name }) => name);
    const primary = groups.find(({ gid }) => gid === user.gid)?.name ?? String(user.gid);
    if (isOurs(user.name, user.uid))
      found.items.push(
        userItem(user, {
          primary,
          further,
          shadow: shadow.get(user.name)?.[1] ?? "",
          home: await host.files.stat(user.home).then((stat) => stat !== undefined),
        }),
      );
    else if (further.length > 0 && user.uid < nobody)
      found.items.push({
        kind: "accounts",
        type: "user",
        name: user.name,
        properties: { name: user.name, groups: further },
        after: further.map((name) => ({ type: "group", name })),
      });
  }
  for (const user of users) merge(found, await readKeys(user));
  return found;
}

function merge(found: Found, more: Found): void {
  found.items.push(...more.items);
  found.notes.push(...more.notes);
}

const groupItem = (name: string, gid: number): InventoryItem => ({
  kind: "accounts",
  type: "group",
  name,
  properties: { name, gid, ...(gid < firstPerson && { system: true }) },
});

function userItem(
  { name, uid, gid, comment, home, shell }: Account,
  rest: { primary: string; further: string[]; shadow: string; home: boolean },
): InventoryItem {
  const passwordHash = rest.shadow.replace(/^!+|^\*$/, "");
  const system = uid < firstPerson;
  const own = rest.primary === name && gid === uid;
  return {
    kind: "accounts",
    type: "user",
    name,
    properties: {
      ...{ name, uid, ...(!own && { group: rest.primary }) },
      ...(rest.further.length > 0 && { groups: rest.further }),
      ...(comment !== "" && { comment }),
      ...{ home, shell },
      ...(rest.home === system && { createHome: rest.home }),
      ...(system && { system }),
      ...(passwordHash !== "" && { passwordHash, locked: /^[!*]/.test(rest.shadow) }),
    },
    after: [...(own ? [] : [rest.primary]), ...rest.further].map((group) => ({ type: "group", name: group })),
  };
}

const publicKey =
  /(?:^|\s)((?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp(?:256|384|521)|sk-[a-z0-9-]+@openssh\.com) [A-Za-z0-9+/]+=*(?: .*)?)$/;

async function readKeys({ name, home }: Account): Promise<Found> {
  const path = join(home, ".ssh/authorized_keys");
  const text = await findText(path).catch((error: unknown) => {
    throw new HavnError(`${path} cannot be read`, { cause: error });
  });
  const found: Found = { items: [], notes: [] };
  for (const line of (text ?? "").split("\n")) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, key] = publicKey.exec(line) ?? [];
    if (key === undefined)
      found.notes.push({
        kind: "keys",
        name: path,
        note: "holds a line that is no public key: it is left as it is",
      });
    else found.items.push(keyItem(name, key, line.slice(0, line.length - key.length).trim()));
  }
  return found;
}

const keyItem = (user: string, key: string, restrictions: string): InventoryItem => ({
  kind: "keys",
  type: "authorized.key",
  name: `${user}: ${key.split(" ").slice(2).join(" ") || key.slice(-16)}`,
  properties: { user, key, ...(restrictions !== "" && { options: partsOf(restrictions) }) },
  after: [{ type: "user", name: user }],
});

/** Parted at the commas that stand in no quotes. */
export const partsOf = (restrictions: string): string[] =>
  restrictions.match(/(?:[^,"]|"(?:\\.|[^"\\])*")+/g) ?? [];
