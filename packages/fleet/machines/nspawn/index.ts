import { mkdir, readdir, realpath, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MachineAccess, MachineName, MachineProvider, MachineState } from "../provider.ts";
import { boot, linkOf, rootOf, waitForSsh } from "./boot.ts";
import { exists } from "./files.ts";
import { ensureImage } from "./image.ts";
import { withLock } from "./lock.ts";
import {
  attach,
  bridgeAddressOf,
  ensureNetwork,
  findNetwork,
  type Network,
  removeNetwork,
} from "./network.ts";
import { makeReady } from "./preflight.ts";
import { findRunner, killMachine, powerOff, removeGroups, setUnitLimits, writeLimits } from "./processes.ts";
import { shareInMachine } from "./recipe.ts";
import {
  ensureRecord,
  findRecord,
  folderOf,
  listRecords,
  type MachineRecord,
  type Wanted,
  writeShares,
} from "./records.ts";

export type { MachineAccess, MachineName, MachineProvider, MachineState } from "../provider.ts";
export { type Preflight, preflight } from "./preflight.ts";

export interface NspawnOptions {
  dataDirectory: string;
  /** Holds machine images, shared by all data directories of this computer. */
  cacheDirectory?: string;
  /** Holds what data directories must know of each other: which networks are taken. */
  stateDirectory?: string;
}

export interface NspawnProvider extends MachineProvider {
  /** Ends it at once, as a power cut does; its disk stays. */
  kill(environment: string, name: string): Promise<void>;
  /** How a machine is reached, whether it runs or not; undefined where there is none. */
  access(environment: string, name: string): Promise<MachineAccess | undefined>;
  /** Destroys every machine of this data directory, and its network. */
  destroyAll(): Promise<void>;
  /** Makes the machine image if there is none yet; `ensure` does it too. Returns its folder. */
  prepareImage(tell: (detail: string) => void, signal?: AbortSignal): Promise<string>;
}

type Tell = (detail: string) => void;

/**
 * Debian machines on this computer: systemd-nspawn on an overlay of one shared image. State is in three places only:
 * the folders below `<data directory>/machines`, the process table, and the computer's list of taken networks. Every
 * method reads them anew, so another process, or this one after a crash, continues where work was left.
 */
export function createNspawnProvider(options: NspawnOptions): NspawnProvider {
  const cacheDirectory = options.cacheDirectory ?? "/var/cache/havn";
  const stateDirectory = options.stateDirectory ?? "/var/lib/havn";
  const folder = join(options.dataDirectory, "machines");

  /** The machines' folder by its one true name: it is in the names of networks and in process arguments. */
  const find = () => realpath(folder).catch(() => undefined);
  const open = async () => {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    return realpath(folder);
  };
  const exclusively = <T>(machines: string, work: () => Promise<T>) => withLock(`machines ${machines}`, work);
  const alone = <T>(machine: string, work: () => Promise<T>, signal?: AbortSignal) =>
    withLock(`machine ${machine}`, work, { signal });

  async function prepareImage(tell: Tell, signal?: AbortSignal): Promise<string> {
    await makeReady(tell, signal);
    return ensureImage(cacheDirectory, tell, signal);
  }

  async function ensure(wanted: Wanted, tell: Tell, signal?: AbortSignal): Promise<MachineAccess> {
    const image = await prepareImage(tell, signal);
    const machines = await open();
    const own = folderOf(machines, wanted.environment, wanted.name);
    return alone(
      own,
      async () => {
        const { network, record } = await exclusively(machines, async () => {
          await open(); // a destroy that ended meanwhile took the folder with it
          const network = await ensureNetwork({ folder: machines, stateDirectory });
          const record = await ensureRecord(machines, wanted, { network, image });
          await writeShares(machines, wanted.environment);
          return { network, record };
        });
        await run(own, record, { network, tell });
        tell(`waiting for SSH on ${record.ip}`);
        await waitForSsh(own, record, signal);
        return accessOf(own, record, network);
      },
      signal,
    );
  }

  async function run(
    own: string,
    record: MachineRecord,
    { network, tell }: { network: Network; tell: Tell },
  ) {
    if (!(await findRunner(rootOf(own)))) {
      tell("booting");
      await killMachine(rootOf(own), record.id); // what a killed systemd-nspawn may have left of the last run
      return boot(own, record, network);
    }
    await attach(network, linkOf(record));
    if (await exists("/run/systemd/system")) await setUnitLimits(record.id, record.spec);
    else await writeLimits(record.id, record.spec);
  }

  /** Runs `work` on a machine that exists, alone; nothing where there is none. */
  async function on(
    name: MachineName,
    work: (own: string, record: MachineRecord) => Promise<void>,
  ): Promise<void> {
    const machines = await find();
    if (!machines) return;
    const own = folderOf(machines, name.environment, name.name);
    await alone(own, async () => {
      const record = await findRecord(own);
      if (record) await work(own, record);
    });
  }

  async function halt(own: string, record: MachineRecord): Promise<void> {
    await killMachine(rootOf(own), record.id);
    await removeGroups(record.id);
  }

  const state = async (own: string): Promise<MachineState> =>
    (await findRunner(rootOf(own))) ? "running" : "stopped";

  async function destroy(environment: string, name: string): Promise<void> {
    await on({ environment, name }, async (own, record) => {
      await halt(own, record); // no goodbye: its disk goes next
      const machines = dirname(own);
      const gone = join(machines, `.gone-${record.id}`);
      // Gone under this name at once; what an interrupted removal leaves goes with the last machine.
      await exclusively(machines, async () => {
        await rename(own, gone);
        await writeShares(machines, environment);
      });
      await remove(gone);
    });
    const machines = await find();
    if (machines) await exclusively(machines, () => sweep(machines));
  }

  /** With the last machine goes all that was not for one of them. */
  async function sweep(machines: string): Promise<void> {
    if ((await listRecords(machines)).length > 0) return;
    for (const name of await readdir(machines).catch((): string[] => []))
      if (name !== "network.json") await remove(join(machines, name));
    await removeNetwork({ folder: machines, stateDirectory });
    await rmdir(machines).catch(() => {}); // a machine may have been begun in it just now
  }

  return {
    ensure,
    destroy,
    prepareImage,
    async status(environment, name) {
      const machines = await find();
      const own = machines && folderOf(machines, environment, name);
      return own && (await findRecord(own)) ? state(own) : "none";
    },
    async access(environment, name) {
      const machines = await find();
      if (!machines) return undefined;
      const own = folderOf(machines, environment, name);
      const record = await findRecord(own);
      const network = await findNetwork({ folder: machines, stateDirectory });
      return record && network && accessOf(own, record, network);
    },
    async list() {
      const machines = await find();
      if (!machines) return [];
      const records = await listRecords(machines);
      return Promise.all(
        records.map(async ({ environment, name }) => ({
          environment,
          name,
          state: await state(folderOf(machines, environment, name)),
        })),
      );
    },
    stop: (environment, name) =>
      on({ environment, name }, async (own, record) => {
        await powerOff(rootOf(own), 20_000);
        await halt(own, record);
      }),
    kill: (environment, name) => on({ environment, name }, halt),
    async destroyAll() {
      const machines = await find();
      if (!machines) return;
      const records = await listRecords(machines);
      await Promise.all(records.map(({ environment, name }) => destroy(environment, name)));
      await exclusively(machines, () => sweep(machines));
    },
    async restoreNetwork() {
      const machines = await find();
      if (!machines || (await listRecords(machines)).length === 0) return;
      await exclusively(machines, async () => {
        const network = await ensureNetwork({ folder: machines, stateDirectory });
        for (const record of await listRecords(machines)) await attach(network, linkOf(record));
      });
    },
  };
}

/** Another process may be removing the same folder: both go on until it is gone. */
const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });

const accessOf = (own: string, record: MachineRecord, network: Network): MachineAccess => ({
  ip: record.ip,
  sshPort: 22,
  sshUser: "root",
  hostKey: record.hostKey,
  bridgeAddress: bridgeAddressOf(network),
  share: { here: join(own, "share"), inMachine: shareInMachine },
});
