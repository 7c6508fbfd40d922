import type { ResourceReport } from "@havn/fleet/protocol";
import type { Address, Clock, PropertyChange } from "@havn/model";
import { masked } from "@havn/plan";
import { execute } from "../execute.ts";
import { type Memory, openJournal, type Recalled } from "../memory.ts";
import type { Surroundings } from "../operations.ts";
import { describeError } from "../read.ts";
import type { Around } from "./aspect.ts";
import type { Entry, Recorded } from "./journal.ts";
import { kindOf } from "./kinds.ts";
import { changesOf, entriesOf, lookAt } from "./look.ts";
import { linkIfSame, type PathState } from "./path.ts";
import { applyOf, createAround, noteAfter, type Undo } from "./record.ts";

export interface UndoBundle {
  bundleId: string;
  /** Whose changes are taken back. */
  applyId: string;
  addresses: readonly Address[];
  hidden: readonly string[];
}

/**
 * Takes back what an apply did to these resources, the last change first; what it finds it records as any apply does,
 * so that this can be taken back too. A resource that fails stops none of the others. Asked again with the same id it
 * goes on where it was, or gives the same reports.
 */
export async function applyUndo(
  bundle: UndoBundle,
  options: Undo & {
    memory: Memory;
    clock: Clock;
    stateDirectory: string;
    operations: (address: Address) => Surroundings;
    tell(address: Address, state: string): void;
  },
): Promise<ResourceReport[]> {
  const { journal: undo, blobs, memory, clock, tell } = options;
  const { journal, save, finish } = await openJournal(options.stateDirectory, bundle.bundleId);
  if (!journal.done) {
    const entries = await entriesOf(bundle.applyId, undo);
    const wanted = new Set(bundle.addresses);
    const order = [...entries.values()].filter(({ address }) => wanted.has(address)).reverse();
    const open = order.filter(({ address }) => !journal.reports[address]);
    const mine = await recordNow(open, bundle, options);
    const again = new Map<string, Recorded & { does: "again" }>();
    for (const entry of open) {
      const { address } = entry;
      tell(address, "running");
      const around = createAround(blobs, { open: !entry.secret, operations: options.operations(address) });
      const started = clock.now();
      const ended = await undoEntry(entry, around);
      for (const step of ended.again) if (!step.soon) again.set(JSON.stringify(step.command), step);
      const report = reportOf(address, ended, clock.now() - started);
      if (report.state !== "failed") await memory.restore(new Map([[address, entry.memory as Recalled]]));
      journal.reports[address] = masked(report, bundle.hidden);
      await save();
      tell(address, report.state);
    }
    await linkAgain(order, journal.reports);
    await runAgain([...again.values()], createAround(blobs));
    await noteAfter(undo, applyOf(bundle.bundleId), {
      ...{ entries: mine, begun: new Set(open.map(({ address }) => address)), around: createAround(blobs) },
    });
    for (const address of bundle.addresses)
      journal.reports[address] ??= { ...nothingDone(address), output: "Nothing was recorded of it here." };
    await finish();
    await undo.prune();
  }
  return bundle.addresses.flatMap((address) => journal.reports[address] ?? []);
}

const nothingDone = (address: Address): ResourceReport => ({
  ...{ address, state: "unchanged", changes: [], commands: [], durationMs: 0 },
});

/** As with any apply: durable before anything is changed. */
async function recordNow(
  open: readonly Entry[],
  { bundleId }: UndoBundle,
  { journal, blobs, memory }: Undo & { memory: Memory },
): Promise<Entry[]> {
  const applyId = applyOf(bundleId);
  const around = createAround(blobs);
  const earlier = await journal.read(applyId);
  const entries: Entry[] = [];
  for (const { address, secret, steps } of open.filter(({ address }) => !earlier.has(address)))
    entries.push({
      address,
      memory: memory.recall(address),
      secret,
      steps: await Promise.all(inOrder(steps).map((step) => recordStep(step, around))),
    });
  await blobs.settle();
  if (entries.length > 0) await journal.append(applyId, { kind: "before", entries });
  return entries;
}

/** As they are put back now. Groups come first, as ever: they are put back after the accounts that belong to them. */
function inOrder(steps: readonly Recorded[]): Recorded[] {
  const reversed = [...steps].reverse();
  const isGroup = (step: Recorded) => step.does === "aspect" && step.aspect.kind === "group";
  return [...reversed.filter(isGroup), ...reversed.filter((step) => !isGroup(step))];
}

async function recordStep(step: Recorded, around: Around): Promise<Recorded> {
  if (step.does === "run") return { does: "never", why: `${step.command.join(" ")} was run` };
  if (step.does !== "aspect") return step;
  const { aspect } = step;
  // All of it, as before an apply: what is no part of it shows when what was left is compared with this.
  return { does: "aspect", aspect, before: await kindOf(aspect).capture(aspect, around, true) };
}

interface Ended {
  changes: PropertyChange[];
  commands: string[][];
  remarks: string[];
  again: (Recorded & { does: "again" })[];
  error?: unknown;
}

async function undoEntry(entry: Entry, around: Around): Promise<Ended> {
  const ended: Ended = { changes: [], commands: [], remarks: around.remarks, again: [] };
  try {
    for (const step of [...entry.steps].reverse()) await undoStep(step, entry, { around, ended });
    // What comes next may need it: the locale that is the default, for example.
    for (const { command } of ended.again.filter(({ soon }) => soon)) await around.run(command);
    if (around.reload) await around.run(["systemctl", "daemon-reload"]);
  } catch (error) {
    ended.error = error;
  }
  return ended;
}

async function undoStep(
  step: Recorded,
  { begun }: Entry,
  { around, ended }: { around: Around; ended: Ended },
): Promise<void> {
  switch (step.does) {
    case "aspect": {
      const { aspect, before } = step;
      const { now, same } = await lookAt(step, around);
      if (same) return;
      const kind = kindOf(aspect);
      const why = await kind.obstacle?.(aspect, before, around);
      if (why !== undefined) return void ended.remarks.push(`Not put back: ${why}.`);
      const rest = (await kind.reservations?.(aspect, before, around)) ?? [];
      ended.remarks.push(...rest.map((one) => `Not put back: ${one}.`));
      ended.changes.push(...(await changesOf(aspect, { now, before }, around)));
      ended.commands.push(["put back", kind.name(aspect)]);
      return kind.restore(aspect, before, around);
    }
    case "run": {
      if (!begun) return;
      const { does: _, ...command } = step;
      ended.commands.push(step.command);
      ended.changes.push({ property: "runs", after: step.command.join(" ") });
      await execute({ ...command, timeoutMs: 5 * 60_000, exitCodes: [0] });
      return;
    }
    case "again":
      ended.again.push(step);
      return;
    case "never":
      if (begun !== false) ended.remarks.push(`Not put back: ${step.why}.`);
  }
}

/**
 * Names that were put back before the file that they lead to was as it had been. Of one that was declared before the file
 * was changed it is not recorded that they were one: the change had parted them.
 */
async function linkAgain(
  entries: readonly Entry[],
  reports: Readonly<Record<Address, ResourceReport>>,
): Promise<void> {
  for (const { address, memory, steps } of entries)
    for (const step of reports[address]?.state === "failed" ? [] : steps) {
      if (step.does !== "aspect" || step.aspect.kind !== "path" || step.aspect.twin === undefined) continue;
      const before = step.before as PathState;
      if (
        before.kind === "file" &&
        (before.twin !== undefined || (memory as Recalled | undefined)?.ours === true)
      )
        await linkIfSame(step.aspect.path, step.aspect.twin, before);
    }
}

/** Last: what is restarted finds everything as it was. A unit that does not run stays so. */
async function runAgain(steps: readonly (Recorded & { does: "again" })[], around: Around): Promise<void> {
  for (const { command, unit } of steps) {
    if (unit !== undefined && (await around.run(["systemctl", "is-active", "--quiet", unit])).code !== 0)
      continue;
    await around.run(command);
  }
}

function reportOf(
  address: Address,
  { changes, commands, remarks, error }: Ended,
  durationMs: number,
): ResourceReport {
  const failed = error !== undefined;
  return {
    address,
    state: failed ? "failed" : commands.length > 0 ? "changed" : "unchanged",
    changes,
    commands,
    ...(failed && { error: describeError(error) }),
    ...(remarks.length > 0 && { output: remarks.join("\n") }),
    durationMs,
  };
}
