import { randomUUID } from "node:crypto";
import type {
  AgentEvent,
  AgentParams,
  HostDesired,
  ResourceReading,
  ResourceReport,
  UndoReading,
} from "@havn/fleet/protocol";
import type { ResourceHost } from "@havn/infrastructure/host";
import { type Clock, repeat } from "@havn/model";
import type { Log } from "../log.ts";

/** Applies bundles, and between them finds out whether the host still is as it shall be. */
export interface Resources extends AsyncDisposable {
  read(params: AgentParams<"resources.read">): Promise<ResourceReading[]>;
  facts: ResourceHost["facts"];
  apply(bundle: AgentParams<"bundle.apply">, progress: (value: unknown) => void): Promise<ResourceReport[]>;
  readUndo(question: AgentParams<"undo.read">): Promise<UndoReading[]>;
  applyUndo(bundle: AgentParams<"undo.apply">, progress: (value: unknown) => void): Promise<ResourceReport[]>;
  /** What the host shall be has changed: looks soon. */
  desiredChanged(): void;
  drift(): { readings: ResourceReading[]; checkedAt: number | undefined };
}

const driftEveryMs = 20_000;
/** After an apply the wanted state is the old one until the control plane sends the new. */
const quietAfterApplyMs = 30_000;

export function createResources(options: {
  host: ResourceHost;
  clock: Clock;
  log: Log;
  desired(): HostDesired | undefined;
  onChange(): void;
  onEvent(event: AgentEvent): void;
}): Resources {
  const { host, clock, log } = options;
  const stopping = new AbortController();
  /** Who is told of a bundle: the one that asked first, and those that asked again after their connection fell. */
  const watchers = new Map<string, Set<(value: unknown) => void>>();
  let wake = new AbortController();
  let quietUntil = 0;
  let drifted: ResourceReading[] = [];
  let checkedAt: number | undefined;
  let applying = 0;

  async function check(): Promise<void> {
    const desired = options.desired();
    if (!desired || desired.mode === "off" || desired.resources.length === 0) return settle([], desired);
    const isStale = () => options.desired() !== desired || clock.now() < quietUntil || applying > 0;
    let found = await host.drift(desired);
    // What was wanted while it was read is looked at again.
    if (isStale()) return;
    settle(found, desired);
    if (desired.mode !== "enforce" || found.length === 0) return;
    log.info(`enforcing ${found.map(({ address }) => address).join(", ")}`);
    const { resources, secrets } = desired;
    const bundleId = `enforce-${randomUUID()}`;
    await host.apply({ bundleId, resources, remove: [], secrets, enforcing: true });
    found = await host.drift(desired);
    if (!isStale()) settle(found, desired);
  }

  function settle(now: ResourceReading[], desired: HostDesired | undefined): void {
    const before = new Set(drifted.map(({ address }) => address));
    const after = new Set(now.map(({ address }) => address));
    for (const { address, error } of now)
      if (!before.has(address))
        tell(
          "drift.found",
          address,
          error ? `${address} cannot be read: ${error}` : `${address} has drifted.`,
        );
    const wanted = new Set(desired?.resources.map(({ address }) => address));
    for (const address of before)
      if (!after.has(address) && wanted.has(address))
        tell("drift.gone", address, `${address} is as declared again.`);
    const changed = JSON.stringify(now) !== JSON.stringify(drifted);
    drifted = now;
    checkedAt = clock.now();
    if (changed) options.onChange();
  }

  /** What an apply has just made true is no drift, without waiting for the next look. */
  function mended(reports: ResourceReport[]): void {
    const done = new Set(
      reports
        .filter(({ state }) => state === "changed" || state === "unchanged")
        .map(({ address }) => address),
    );
    if (drifted.some(({ address }) => done.has(address)))
      settle(
        drifted.filter(({ address }) => !done.has(address)),
        options.desired(),
      );
  }

  /** While a bundle is under way, everybody who asked for it hears of it, and nothing is looked at. */
  async function watched<T>(
    bundleId: string,
    progress: (value: unknown) => void,
    work: (tellAll: (state: unknown) => void) => Promise<T>,
  ): Promise<T> {
    const told = watchers.get(bundleId) ?? new Set();
    watchers.set(bundleId, told.add(progress));
    applying += 1;
    try {
      return await work((state) => {
        for (const tellOne of told) tellOne(state);
      });
    } finally {
      applying -= 1;
      told.delete(progress);
      if (told.size === 0) watchers.delete(bundleId);
      quietUntil = clock.now() + quietAfterApplyMs;
    }
  }

  const tell = (kind: "drift.found" | "drift.gone", address: string, summary: string) =>
    options.onEvent({
      key: randomUUID(),
      at: clock.now(),
      kind,
      severity: kind === "drift.found" ? "warning" : "info",
      address,
      summary,
      data: {},
    });

  const looking = repeat(
    async () => {
      // Before the check: what changes while it runs is looked at right after.
      wake = new AbortController();
      if (clock.now() >= quietUntil && applying === 0)
        await check().catch((error) => log.warn(`drift was not checked: ${error}`));
      await clock.sleep(driftEveryMs, AbortSignal.any([wake.signal, stopping.signal]));
    },
    { clock, interval: 0, signal: stopping.signal },
  );

  return {
    facts: host.facts,
    read: ({ resources, secrets, secretValues }) => host.read(resources, secrets, secretValues),
    async apply(bundle, progress) {
      const reports = await watched(bundle.bundleId, progress, (tellAll) => host.apply(bundle, tellAll));
      mended(reports);
      return reports;
    },
    readUndo: ({ applyId, addresses, secretValues: hidden = [] }) =>
      host.readUndo({ applyId, addresses, hidden }),
    applyUndo: ({ bundleId, applyId, addresses, secretValues: hidden = [] }, progress) =>
      watched(bundleId, progress, (tellAll) =>
        host.applyUndo({ bundleId, applyId, addresses, hidden }, tellAll),
      ),
    desiredChanged() {
      quietUntil = 0;
      wake.abort();
    },
    drift: () => ({ readings: drifted, checkedAt }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looking;
    },
  };
}
