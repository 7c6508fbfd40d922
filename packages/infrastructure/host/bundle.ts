import type { ResourceReport } from "@havn/fleet/protocol";
import type { Address, Clock, Resource } from "@havn/model";
import { masked } from "@havn/plan";
import { type Operation, unchanged } from "../resources/type.ts";
import { applyApt, mergeApt, nameIn } from "./apt.ts";
import type { Facts } from "./facts/facts.ts";
import { prepare } from "./facts/prepare.ts";
import { secretValues } from "./mask.ts";
import { type Journal, type Memory, openJournal } from "./memory.ts";
import { describeOperation, perform } from "./operations.ts";
import {
  type Compared,
  compare,
  describeError,
  type Entry,
  entriesOf,
  openReads,
  type Secrets,
  shown,
} from "./read.ts";
import { type Outcome, openWaits, performRound, prepareUnits, roundsOf } from "./rounds.ts";
import { pathsOf, simulate } from "./simulate.ts";
import { createRecorder, type Recorder, type Undo } from "./undo/record.ts";

export interface Bundle {
  bundleId: string;
  /** In order of application. */
  resources: Resource[];
  /** Prior resources that are no longer declared, in order of removal. */
  remove: Resource[];
  /** What applies did to those of `remove` that they changed, as the control plane has recorded. */
  touched?: Readonly<Record<Address, "created" | "changed">> | undefined;
  /** Of all of them; without it `remove` goes after `resources`. */
  order?: readonly Address[] | undefined;
  secrets: Secrets;
  /** Texts that must stand in no report, beside those at the paths of `secrets`. */
  secretValues?: readonly string[] | undefined;
  /** Only what is not as declared is mended: what is done with every apply is left. */
  enforcing?: boolean;
}

/** What becomes of a resource; or what the bundle waits for on its host, null once its turn has come. */
export type Progress = (
  progress:
    | { bundleId: string; address: Address; state: string }
    | { bundleId: string; waitsFor: string | null },
) => void;

/** What the agent's half needs of the control plane. */
export interface ControlPlane {
  /** Resolves once it has answered over a connection that was made after the call; throws once `signal` aborts. */
  reach(signal: AbortSignal): Promise<void>;
  /** A certificate for the names that are declared at `address`, from a request (PKCS #10); all PEM. */
  certify(address: Address, request: string): Promise<{ certificate: string; authority: string }>;
  /** Some bytes of an artifact from `offset`, and its whole size. Throws a HavnError, retryable while it is away. */
  artifact(sha256: string, offset: number): Promise<{ size: number; bytes: Uint8Array }>;
}

const controlPlanePatienceMs = 60_000;

interface Applying {
  bundle: Bundle;
  controlPlane: ControlPlane | undefined;
  memory: Memory;
  /** What this host no longer remembered to have changed. */
  forgotten: ReadonlySet<Address>;
  clock: Clock;
  journal: Journal;
  /** Texts that no report may hold. */
  hidden: readonly string[];
  waitsFor(entry: Entry): readonly Address[];
  /** What was before; nothing of it when only what drifted is mended. */
  recorder: Recorder | undefined;
  save(): Promise<void>;
  tell(address: Address, state: string): void;
}

/**
 * Applies a bundle, a group of like resources at a time: read, remember what will change, change, note what came of
 * it. A failure stops what depends on it, the rest goes on. Asked again with the same id it goes on where it was, or
 * gives the same reports; nothing is done that reading does not show to be needed.
 */
export async function applyBundle(
  bundle: Bundle,
  options: {
    memory: Memory;
    clock: Clock;
    stateDirectory: string;
    undo: Undo;
    controlPlane?: ControlPlane | undefined;
    facts: Facts;
    onProgress: Progress;
  },
): Promise<ResourceReport[]> {
  const { memory, clock, stateDirectory, controlPlane, facts, onProgress, undo } = options;
  const { bundleId } = bundle;
  const { journal, save, finish } = await openJournal(stateDirectory, bundleId);
  const entries = entriesOf(bundle);
  if (!journal.done) {
    const tell = (address: Address, state: string) => onProgress({ bundleId, address, state });
    const hidden = secretValues([...bundle.resources, ...bundle.remove], bundle.secrets, bundle.secretValues);
    const waitsFor = openWaits(entries);
    const left = entries.filter(({ resource }) => !journal.reports[resource.address]);
    const forgotten = await memory.learn(bundle.touched ?? {});
    let waiting = await prepare(left, facts, openReads(memory));
    const recorder = bundle.enforcing
      ? undefined
      : createRecorder(undo, { bundleId, memory, secrets: bundle.secrets });
    const applying: Applying = {
      ...{ bundle, controlPlane, memory, forgotten, clock, journal, hidden, waitsFor, recorder, save, tell },
    };
    while (waiting.length > 0) {
      const group = takeGroup(waiting, waitsFor);
      const taken = new Set(group);
      waiting = waiting.filter((entry) => !taken.has(entry));
      // What was found unchanged is found so again after a crash: only changes are worth waiting for the disk.
      if (await applyGroup(group, applying)) await save();
    }
    await memory.forget(
      bundle.remove.map(({ address }) => address).filter((address) => !isStopped(journal, address)),
    );
    facts.changed();
    await finish();
    await recorder?.close();
  }
  return entries.flatMap(({ resource }) => journal.reports[resource.address] ?? []);
}

/**
 * The next resources of one type that stand together; of those that share a path only the first, since each must find
 * what the one before it left. Packages further on come along where nothing that is still to
 * be done stands before them, so that apt runs once.
 */
function takeGroup(waiting: readonly Entry[], waitsFor: Applying["waitsFor"]): Entry[] {
  const [first] = waiting;
  if (!first) return [];
  const alike = (entry: Entry) =>
    entry.resource.type === first.resource.type && entry.wanted === first.wanted;
  if (first.resource.type !== "package") {
    const taken = new Map<string, Address>();
    const end = waiting.findIndex((entry) => {
      const shares = pathsOf(entry).some((path) => taken.has(path) && !continues(entry, taken.get(path)));
      for (const path of pathsOf(entry)) taken.set(path, entry.resource.address);
      return !alike(entry) || shares;
    });
    return waiting.slice(0, end < 0 ? waiting.length : end);
  }
  const group: Entry[] = [];
  const ahead = new Set<Address>();
  for (const entry of waiting)
    if (alike(entry) && !waitsFor(entry).some((address) => ahead.has(address))) group.push(entry);
    else ahead.add(entry.resource.address);
  return group;
}

/** Edits of one file, each of which waits for the one before it: what that one leaves is known before it is done. */
const continues = ({ resource, wanted }: Entry, before: Address | undefined): boolean =>
  wanted === "present" &&
  /^(line|block|replace|setting\..*)$/.test(resource.type) &&
  resource.dependsOn.some((address) => address === before);

/** As the entries will find the host: those of one path find what the ones before them leave. */
function compareGroup(group: readonly Entry[], memory: Memory): Promise<Compared[]> {
  const paths = group.flatMap(pathsOf);
  const compareAll = new Set(paths).size < paths.length ? simulate : compare;
  return compareAll(group, openReads(memory));
}

/** Whether anything was to be changed. */
async function applyGroup(group: readonly Entry[], applying: Applying): Promise<boolean> {
  const { bundle, memory, journal, recorder, save } = applying;
  const compared = (await compareGroup(group, memory)).map((one) =>
    bundle.enforcing && one.plan?.everyTime ? { ...one, plan: unchanged, error: undefined } : one,
  );
  const changing = compared.filter(changes);
  if (changing.length > 0) {
    for (const one of changing)
      journal.begun[one.resource.address] = report(one, "changed", { durationMs: 0 }, applying);
    await save();
    await recorder?.before(
      changing.map(({ resource, plan }) => ({ resource, operations: plan?.operations ?? [] })),
    );
    await memory.willChange(
      changing.map(({ resource: { address }, plan, before }) => ({
        address,
        creates: plan?.action === "create",
        before,
      })),
    );
  }
  const packages = await applyPackages(changing, applying);
  for (const round of roundsOf(compared, applying.waitsFor)) {
    const units = await applyUnits(round, applying);
    await performRound(round, applying.waitsFor, async (one) => {
      const { address } = one.resource;
      if (changes(one)) applying.tell(address, "running");
      const ended = await applyOne(one, { apt: packages.get(address), unit: units.get(address) }, applying);
      journal.reports[address] = ended;
      applying.tell(address, ended.state);
    });
  }
  if (changing.length > 0) {
    const begun = changing.filter(({ resource }) => journal.reports[resource.address]?.state !== "skipped");
    await recorder?.after(new Set(begun.map(({ resource }) => resource.address)));
  }
  return changing.length > 0;
}

const changes = ({ plan }: Compared): boolean => (plan?.operations.length ?? 0) > 0;

/** What the units of a round have in common. */
async function applyUnits(round: readonly Compared[], applying: Applying): Promise<Map<Address, Outcome>> {
  const units = round.filter(
    (one) =>
      one.resource.type === "systemd.unit" &&
      one.wanted === "present" &&
      changes(one) &&
      !isBlocked(one, applying),
  );
  const started = applying.clock.now();
  const outcomes = await prepareUnits(units, (operation, one) =>
    performOne(operation, one.resource.address, applying),
  );
  const durationMs = applying.clock.now() - started;
  return new Map([...outcomes].map(([address, outcome]) => [address, { ...outcome, durationMs }]));
}

type PackageOutcome = { error?: unknown; durationMs: number };

/** All packages of the group in one transaction; what came of each. */
async function applyPackages(
  changing: readonly Compared[],
  applying: Applying,
): Promise<Map<Address, PackageOutcome>> {
  const outcomes = new Map<Address, PackageOutcome>();
  const apt = changing
    .filter((one) => !isBlocked(one, applying))
    .flatMap(({ resource, plan }) =>
      (plan?.operations ?? []).flatMap((operation) =>
        operation.kind === "apt" ? [{ resource, operation }] : [],
      ),
    );
  if (apt.length === 0) return outcomes;
  for (const { resource } of apt) applying.tell(resource.address, "running");
  for (const group of Map.groupBy(apt, ({ operation }) => operation.manager).values()) {
    const started = applying.clock.now();
    const together = mergeApt(group.map(({ operation }) => operation));
    const failures = await applyApt(together).catch((error: unknown) => error as Error);
    const durationMs = applying.clock.now() - started;
    for (const { resource, operation } of group) {
      const [entry = ""] = operation.install;
      const error = failures instanceof Map ? failures.get(nameIn(entry)) : failures;
      outcomes.set(resource.address, { durationMs, ...(error !== undefined && { error }) });
    }
  }
  return outcomes;
}

/** What was done of a resource together with others. */
interface DoneTogether {
  apt: PackageOutcome | undefined;
  unit: Outcome | undefined;
}

async function applyOne(
  one: Compared,
  { apt, unit }: DoneTogether,
  applying: Applying,
): Promise<ResourceReport> {
  const { journal, clock } = applying;
  const started = clock.now() - (unit?.durationMs ?? 0);
  const blocker = isBlocked(one, applying);
  if (blocker)
    return report(one, "skipped", { error: `${blocker} has not succeeded`, durationMs: 0 }, applying);
  if (!one.plan) return report(one, "failed", { error: one.error, durationMs: 0 }, applying);
  if (one.plan.operations.length === 0)
    return (
      journal.begun[one.resource.address] ??
      report(leftAsItIs(one, applying), "unchanged", { durationMs: 0 }, applying)
    );
  const outputs: string[] = [];
  try {
    if (apt?.error !== undefined) throw apt.error;
    if (unit?.error !== undefined) throw unit.error;
    for (const operation of one.plan.operations.slice(unit?.done ?? 0))
      outputs.push((await performOne(operation, one.resource.address, applying)) ?? "");
    const durationMs = apt?.durationMs ?? clock.now() - started;
    return report(one, "changed", { durationMs, output: outputs.join("") }, applying);
  } catch (error) {
    const durationMs = apt?.durationMs ?? clock.now() - started;
    return report(
      one,
      "failed",
      { error: describeError(error), durationMs, output: outputs.join("") },
      applying,
    );
  }
}

/** What was there before is told of no resource that it takes to go back to that. */
const leftAsItIs = (one: Compared, { forgotten }: Applying): Compared =>
  one.wanted === "absent" && one.skipped === undefined && forgotten.has(one.resource.address)
    ? { ...one, skipped: "this host has lost its memory of what was there before it was changed" }
    : one;

async function performOne(
  operation: Operation,
  address: Address,
  { bundle, memory, controlPlane }: Applying,
): Promise<string | undefined> {
  if (operation.kind === "apt") return undefined; // done together with the group's others
  const output = await perform(operation, {
    note: (value) => memory.note(address, value),
    settle: (triggers) => memory.settle(address, triggers),
    reach: controlPlane?.reach,
    certify: controlPlane && ((request) => controlPlane.certify(address, request)),
    // What drifted is mended another time; an apply has nobody else who would try again.
    artifacts: controlPlane && {
      read: controlPlane.artifact,
      patienceMs: bundle.enforcing ? 0 : controlPlanePatienceMs,
    },
  });
  if ("settles" in operation && operation.settles && operation.settles.length > 0)
    await memory.settle(address, operation.settles);
  return output;
}

const isStopped = (journal: Journal, address: Address): boolean =>
  ["failed", "skipped"].includes(journal.reports[address]?.state ?? "");

/** What of this bundle must have succeeded before this one and has not; a removal waits for those that used it. */
function isBlocked(entry: Entry, { journal, waitsFor }: Applying): Address | undefined {
  return waitsFor(entry).find((address) => isStopped(journal, address));
}

function report(
  one: Compared,
  state: ResourceReport["state"],
  { error, durationMs, output }: { error?: string; durationMs: number; output?: string },
  { bundle, hidden }: Applying,
): ResourceReport {
  const ran = state === "changed" || state === "failed" ? (one.plan?.operations ?? []) : [];
  return {
    address: one.resource.address,
    state,
    changes: shown(one, bundle.secrets, { hidden, values: bundle.secretValues }).changes,
    commands: masked(ran.map(describeOperation), hidden),
    ...(error !== undefined && { error: masked(error, hidden) }),
    ...(one.skipped !== undefined && { skipped: masked(one.skipped, hidden) }),
    ...(state === "changed" && one.plan?.action === "create" && { created: true }),
    ...(output && { output: masked(output, hidden) }),
    durationMs,
  };
}
