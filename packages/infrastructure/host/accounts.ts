import { readFile } from "node:fs/promises";
import { HavnError } from "@havn/model";

/** Users and groups of this host, by id and by name, as its files have them at the moment of asking. */
export interface Accounts {
  userName(uid: number): Promise<string>;
  groupName(gid: number): Promise<string>;
  userId(name: string): Promise<number>;
  groupId(name: string): Promise<number>;
}

/** Reads each file at most once: make a new one for each look at the host. */
export function createAccounts(): Accounts {
  const users = once(() => readDatabase("/etc/passwd"));
  const groups = once(() => readDatabase("/etc/group"));
  const nameOf = async (database: Promise<Map<string, number>>, id: number) =>
    [...(await database)].find(([, known]) => known === id)?.[0] ?? String(id);
  const idOf = async (database: Promise<Map<string, number>>, name: string, kind: string) => {
    const id = (await database).get(name);
    if (id === undefined)
      throw new HavnError(`There is no ${kind} "${name}" on this host`, {
        detail: `Correct the name, or depend on what makes the ${kind} (a package, for example).`,
      });
    return id;
  };
  return {
    userName: (uid) => nameOf(users(), uid),
    groupName: (gid) => nameOf(groups(), gid),
    userId: (name) => idOf(users(), name, "user"),
    groupId: (name) => idOf(groups(), name, "group"),
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Lines of `name:password:id:…`. */
async function readDatabase(path: string): Promise<Map<string, number>> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.split(":"));
  return new Map(lines.filter(([name]) => name).map(([name = "", , id]) => [name, Number(id)]));
}
