import { randomUUID } from "node:crypto";
import type { HostDesired, ResourceReport } from "@havn/fleet/protocol";
import { type Mending, mendingBundle, type ResourceHost } from "@havn/infrastructure/host";
import { type Address, type Clock, type Enforcement, formatDuration, type Resource } from "@havn/model";
import type { Log } from "../log.ts";
import { type Book, runData } from "./resources-book.ts";
import type { Counts, Trigger } from "./resources-counts.ts";

/** Makes what drifted as it shall be again, and tells what came of it. */
export interface Mender {
  /** `due`: what drifted and may be mended now; what it needs comes along. */
  mend(desired: HostDesired, due: ReadonlySet<Address>, trigger: Trigger): Promise<void>;
}

/** Until what an own change has set off was heard, so that it is not taken for somebody else's. */
export const echoMs = 25;

export const modeOf = (resource: Resource, desired: HostDesired): Enforcement =>
  resource.enforcement ?? desired.mode;

export function createMender(options: {
  host: ResourceHost;
  clock: Clock;
  log: Log;
  book: Book;
  counts: Counts;
  mending: Mending;
  /** Something else is wanted by now, or somebody else is at work. */
  isStale(desired: HostDesired): boolean;
  /** What is about to be changed here; undefined once that has ended. */
  changing(addresses: ReadonlySet<Address> | undefined): void;
  /** Something else keeps changing back what is mended. */
  onFight(): void;
  signal: AbortSignal;
}): Mender {
  const { host, clock, log, book, counts, mending, isStale, changing, onFight, signal } = options;

  async function mend(desired: HostDesired, due: ReadonlySet<Address>, trigger: Trigger): Promise<void> {
    const resources = mendingBundle(
      desired.resources.filter((resource) => modeOf(resource, desired) === "enforce"),
      due,
    );
    log.info(`enforcing ${[...due].join(", ")}`);
    const { secrets, secretValues } = desired;
    const runId = `enforce-${randomUUID()}`;
    const began = clock.now();
    changing(new Set(resources.map(({ address }) => address)));
    let reports: ResourceReport[];
    try {
      reports = await host.apply({
        bundleId: runId,
        resources,
        remove: [],
        secrets,
        secretValues,
        enforcing: true,
      });
      await clock.sleep(echoMs, signal);
      await new Promise(setImmediate);
    } finally {
      changing(undefined);
    }
    const durationMs = clock.now() - began;
    counts.run("enforce", reports, durationMs);
    const found = await host.drift({ resources, secrets, secretValues });
    if (!isStale(desired))
      book.settle(found, {
        looked: new Set(resources.map(({ address }) => address)),
        modeOf: () => "enforce",
        mended: new Map(reports.map((report) => [report.address, report])),
      });
    tellRun(runId, trigger, reports, durationMs);
    const still = new Set(found.map(({ address }) => address));
    for (const { address, state } of reports)
      if (state === "unchanged" && still.has(address))
        noteAttempt(address, "failed", "it was left as it is, and differs still");
  }

  function tellRun(
    runId: string,
    trigger: Trigger,
    reports: readonly ResourceReport[],
    durationMs: number,
  ): void {
    const data = { runId, trigger, ...runData(reports, durationMs) };
    const changed = reports.filter(({ state }) => state === "changed").length;
    const stopped = reports.filter(({ state }) => state === "failed" || state === "skipped").length;
    book.tell({
      kind: "enforcement.finished",
      severity: stopped > 0 ? "warning" : "info",
      summary: `Enforcement in ${formatDuration(durationMs)}: ${changed} mended, ${stopped} failed or skipped.`,
      data,
    });
    for (const { address, state, error } of reports) noteAttempt(address, state, error);
  }

  function noteAttempt(address: Address, state: ResourceReport["state"], error: string | undefined): void {
    if (state === "unchanged") return;
    const began = mending.note(address, state === "changed" ? "mended" : "failed", clock.now());
    const { notBefore, mended } = mending.of(address);
    const again = formatDuration(Math.max(1000, notBefore - clock.now()));
    if (began === "fight") {
      onFight();
      book.tell({
        kind: "drift.fight",
        severity: "error",
        address,
        summary: `${address} was mended ${mended.length} times and does not stay: something else keeps changing it. It is mended again in ${again}, then ever more seldom.`,
        data: { mended: [...mended] },
      });
    }
    if (began === "failure")
      book.tell({
        kind: "drift.failed",
        severity: "error",
        address,
        summary: `${address} could not be mended: ${error ?? state}. It is tried again in ${again}, then ever more seldom.`,
        data: { error: error ?? state },
      });
  }

  return { mend };
}
