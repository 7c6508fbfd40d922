import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ResourceReport } from "@havn/fleet/protocol";
import type { Address } from "@havn/model";
import type { Trigger } from "../resources/type.ts";
import { writeFileAtomically } from "./write-file.ts";

/** What a host remembers of its resources beside what can be read from it. */
interface Remembered {
  /** A new random text each time that Havn is about to change the resource. */
  versions: Record<Address, string>;
  /** Per unit: the version of each trigger for which it was last restarted or reloaded. */
  settled: Record<Address, Record<Address, string>>;
  /** Resources that were not there before Havn made them. */
  ours: Record<Address, true>;
  /** What a removal puts back. */
  before?: Record<Address, unknown>;
  /** What operations noted. */
  noted?: Record<Address, unknown>;
}

/**
 * Kept on disk, so that a restart that was due when a run failed, or when the power went, is still due afterwards.
 */
export async function openMemory(directory: string) {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, "resources.json");
  const remembered = (await readJson<Remembered>(path)) ?? { versions: {}, settled: {}, ours: {} };
  const save = () => writeFileAtomically(path, JSON.stringify(remembered));
  return {
    copies: join(directory, "copies"),
    noted: (address: Address) => remembered.noted?.[address],
    async note(address: Address, value: unknown): Promise<void> {
      remembered.noted ??= {};
      remembered.noted[address] = value;
      await save();
    },
    /** All that is remembered of one resource; `restore` makes it so again. */
    recall: (address: Address): Recalled => ({
      version: remembered.versions[address],
      settled: remembered.settled[address],
      ours: remembered.ours[address],
      before: remembered.before?.[address],
      noted: remembered.noted?.[address],
    }),
    async restore(recalled: ReadonlyMap<Address, Recalled>): Promise<void> {
      remembered.before ??= {};
      remembered.noted ??= {};
      for (const [address, { version, settled, ours, before, noted }] of recalled) {
        putOrDelete(remembered.versions, address, version);
        putOrDelete(remembered.settled, address, settled);
        putOrDelete(remembered.ours, address, ours);
        putOrDelete(remembered.before, address, before);
        putOrDelete(remembered.noted, address, noted);
      }
      await save();
    },
    isOurs: (address: Address) => remembered.ours[address] === true,
    wasChanged: (address: Address) => remembered.versions[address] !== undefined,
    before: (address: Address) => remembered.before?.[address],
    pending: (address: Address, triggers: readonly Trigger[]) =>
      triggers.filter(({ on }) => {
        const version = remembered.versions[on];
        return version !== undefined && remembered.settled[address]?.[on] !== version;
      }),
    /** To be called before the change: a change that nobody remembers would lose its restart. */
    async willChange(
      changes: readonly { address: Address; creates: boolean; before: unknown }[],
    ): Promise<void> {
      remembered.before ??= {};
      for (const { address, creates, before } of changes) {
        remembered.versions[address] = randomBytes(6).toString("hex");
        if (creates) remembered.ours[address] = true;
        remembered.before[address] ??= before;
      }
      await save();
    },
    /**
     * Takes over what others know of changes that are remembered here no longer: who lost all memory must not take what it
     * made for somebody else's. Gives those. What was there before stays unknown.
     */
    async learn(touched: Readonly<Record<Address, "created" | "changed">>): Promise<Set<Address>> {
      const forgotten = Object.entries(touched).filter(([address]) => !(address in remembered.versions));
      for (const [address, how] of forgotten) {
        remembered.versions[address] = randomBytes(6).toString("hex");
        if (how === "created") remembered.ours[address] = true;
      }
      if (forgotten.length > 0) await save();
      return new Set(forgotten.map(([address]) => address));
    },
    async settle(address: Address, triggers: readonly Address[]): Promise<void> {
      const settled = remembered.settled[address] ?? {};
      for (const on of triggers) {
        const version = remembered.versions[on];
        if (version !== undefined) settled[on] = version;
      }
      remembered.settled[address] = settled;
      await save();
    },
    async forget(addresses: readonly Address[]): Promise<void> {
      for (const address of addresses) {
        delete remembered.settled[address];
        delete remembered.ours[address];
        delete remembered.before?.[address];
        delete remembered.noted?.[address];
      }
      await save();
    },
  };
}
/** Parts that are undefined are not remembered. */
export interface Recalled {
  version?: string | undefined;
  settled?: Record<Address, string> | undefined;
  ours?: true | undefined;
  before?: unknown;
  noted?: unknown;
}

function putOrDelete<T>(record: Record<Address, T>, address: Address, value: T | undefined): void {
  if (value === undefined) delete record[address];
  else record[address] = value;
}

export type Memory = Awaited<ReturnType<typeof openMemory>>;

/** How far a bundle has come. */
export interface Journal {
  done: boolean;
  /** What has ended. */
  reports: Record<Address, ResourceReport>;
  /** What was begun: found as wanted after a crash, it was this bundle that changed it. */
  begun: Record<Address, ResourceReport>;
}

const keptBundles = 50;

export async function openJournal(directory: string, bundleId: string) {
  const folder = join(directory, "bundles");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${encodeURIComponent(bundleId)}.json`);
  const journal = (await readJson<Journal>(path)) ?? { done: false, reports: {}, begun: {} };
  return {
    journal,
    save: () => writeFileAtomically(path, JSON.stringify(journal)),
    async finish(): Promise<void> {
      journal.done = true;
      journal.begun = {};
      await writeFileAtomically(path, JSON.stringify(journal));
      await prune(folder);
    },
  };
}

async function prune(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= keptBundles) return;
  const ages = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  for (const { name } of ages.sort((a, b) => b.at - a.at).slice(keptBundles))
    await rm(join(folder, name), { force: true });
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
