import { randomUUID } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AgentEvent, InstanceReport, InstanceSpec } from "@havn/fleet/protocol";
import { type Clock, HavnError } from "@havn/model";
import { findJson, writeFileAtomic } from "../files.ts";
import { canonical } from "../releases/release.ts";
import { createProcessRuntime } from "../runtimes/process/index.ts";
import type { Runtime, RuntimeListener } from "../runtimes/runtime.ts";
import { createSystemdRuntime } from "../runtimes/systemd/index.ts";
import { unitName } from "../runtimes/systemd/unit.ts";
import { Instance } from "./instance.ts";
import { requireFreePort } from "./port.ts";
import { createReleases } from "./unpack.ts";

export interface InstancesOptions {
  /** Holds what runs, with its environment (0600): an agent that starts again finds it here. */
  stateDirectory: string;
  /** Where releases are unpacked; as root every folder above it must let other users through. */
  releasesDirectory: string;
  clock: Clock;
  /** Path of the .tar.gz with this sha256; the file is removed once unpacked. */
  fetchArtifact(sha256: string): Promise<string>;
  /** Something changed: all instances as they are now. */
  onChange(reports: InstanceReport[]): void;
  onEvent(event: AgentEvent): void;
  /** A line of an instance's output (milliseconds since the epoch). Units log to the journal instead: see `units`. */
  writeLog(line: { instance: string; service: string; release: string; time: number; line: string }): void;
}

/** Keeps instances running on this host, with or without the control plane. */
export interface Instances extends AsyncDisposable {
  /** Fetches the release if needed and starts it; resolves once its process runs. The same one twice changes nothing. */
  start(spec: InstanceSpec): Promise<InstanceReport>;
  /** Resolves when its health path answers; throws a HavnError with the last lines of its output otherwise. */
  waitHealthy(id: string, timeoutMs: number): Promise<InstanceReport>;
  /** Ends it and forgets it; an unknown one is stopped already. */
  stop(id: string): Promise<void>;
  list(): InstanceReport[];
  /** What runs, for scraping: `port`, `metricsPath`, `service`, `release`. */
  specs(): InstanceSpec[];
  /** Units whose journal holds the output of instances. */
  units(): { unit: string; instance: string; service: string; release: string }[];
  /** Takes over what an earlier agent left, and starts what is missing of it and of `desired`. */
  resume(desired: InstanceSpec[]): Promise<void>;
}

/** Disposing lets go of the instances; it does not stop them. */
export function createInstances(options: InstancesOptions): Instances {
  const { clock, stateDirectory } = options;
  const directory = join(stateDirectory, "instances");
  const releases = createReleases(options.releasesDirectory, options.fetchArtifact);
  const known = new Map<string, Instance>();
  const locks = new Map<string, Promise<unknown>>();
  const closing = new AbortController();

  const list = () => [...known.values()].map((one) => one.report());
  const changed = () => options.onChange(list());
  const emit = (event: Omit<AgentEvent, "key" | "at">) =>
    options.onEvent({ key: randomUUID(), at: clock.now(), ...event });
  const listener: RuntimeListener = {
    started: (id, pid) => known.get(id)?.started(pid),
    exited: (id, exit) => known.get(id)?.exited(exit),
    line: (id, time, line) => {
      const spec = known.get(id)?.spec;
      if (spec) options.writeLog({ instance: id, service: spec.service, release: spec.release, time, line });
    },
  };
  const runtimes: Record<InstanceSpec["runtime"], Runtime> = {
    process: createProcessRuntime({ directory, clock, listener }),
    systemd: createSystemdRuntime({ directory, clock, listener }),
  };

  /** One thing at a time for an instance: a stop waits for the start before it. */
  const inTurn = <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const turn = (locks.get(id) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => {});
    locks.set(id, settled);
    void settled.then(() => locks.get(id) === settled && locks.delete(id));
    return turn;
  };

  const make = (spec: InstanceSpec) => {
    const one = new Instance({
      spec,
      directory: releases.pathOf(spec.artifact),
      runtime: runtimes[spec.runtime],
      clock,
      changed,
      emit,
    });
    known.set(spec.id, one);
    return one;
  };

  /** It may run already, from an agent before this one. */
  const takeOver = async (spec: InstanceSpec): Promise<Instance | undefined> => {
    const left = await findJson<InstanceSpec>(join(directory, `${spec.id}.json`));
    if (!left || !sameSpec(left, spec)) return undefined;
    const one = make(spec);
    if (await one.adopt()) return one;
    known.delete(spec.id);
    return undefined;
  };

  const begin = async (spec: InstanceSpec): Promise<InstanceReport> => {
    const present = known.get(spec.id);
    if (present?.report().pid !== undefined && sameSpec(present.spec, spec)) return present.report();
    const running = present ? await end(spec.id) : await takeOver(spec);
    if (running) return running.report();
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await releases.unpack(spec.artifact);
    await requireFreePort(spec.port, spec.id);
    await writeFileAtomic(join(directory, `${spec.id}.json`), JSON.stringify(spec));
    const one = make(spec);
    try {
      await one.start();
    } catch (error) {
      await end(spec.id);
      throw error;
    }
    return one.report();
  };

  const end = async (id: string): Promise<undefined> => {
    const one = known.get(id);
    await one?.stop();
    known.delete(id);
    await rm(join(directory, `${id}.json`), { force: true });
    changed();
  };

  /** What cannot be started (a full disk, the control plane away with the artifact) is tried again until it can. */
  const keepTrying = async (spec: InstanceSpec) => {
    let told = "";
    while (!closing.signal.aborted && !known.has(spec.id)) {
      const failed = await inTurn(spec.id, () => begin(spec)).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failed === undefined) return;
      const detail = failed instanceof HavnError ? `${failed.message}. ${failed.detail}` : String(failed);
      const summary = `${spec.id} cannot be started: ${detail}`;
      if (summary !== told)
        emit({
          kind: "instance.failed",
          severity: "error",
          address: spec.address,
          summary,
          data: { instance: spec.id },
        });
      told = summary;
      await clock.sleep(10_000, closing.signal);
    }
  };

  return {
    list,
    specs: () => [...known.values()].map((one) => one.spec),
    units: () =>
      [...known.values()]
        .filter(({ spec }) => spec.runtime === "systemd")
        .map(({ spec }) => ({
          unit: unitName(spec.id),
          instance: spec.id,
          service: spec.service,
          release: spec.release,
        })),
    start: (spec) => inTurn(spec.id, () => begin(spec)),
    async waitHealthy(id, timeoutMs) {
      const one = known.get(id);
      if (!one) throw new HavnError(`${id} does not run here`, { detail: "Start it first.", status: 404 });
      return await one.waitHealthy(timeoutMs);
    },
    stop: (id) =>
      inTurn(id, async () => {
        await end(id);
        await releases.clean(new Set([...known.values()].map(({ spec }) => spec.artifact)));
      }),
    async resume(desired) {
      const left = await readLeft(directory);
      const specs = new Map([...desired, ...left].map((spec) => [spec.id, spec]));
      for (const spec of specs.values()) {
        const adopted = await inTurn(spec.id, async () => known.get(spec.id) ?? (await takeOver(spec)));
        if (adopted) continue;
        void keepTrying(spec);
      }
      changed();
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all(locks.values());
      for (const one of known.values()) await one.close();
      for (const runtime of Object.values(runtimes)) await runtime.close();
    },
  };
}

async function readLeft(directory: string): Promise<InstanceSpec[]> {
  const names = await readdir(directory).catch(() => []);
  const specs = names
    .filter((name) => name.endsWith(".json") && !name.endsWith(".process.json"))
    .map((name) => findJson<InstanceSpec>(join(directory, name)));
  return (await Promise.all(specs)).filter((spec) => spec !== undefined);
}

const sameSpec = (a: InstanceSpec, b: InstanceSpec) => canonical(a) === canonical(b);
