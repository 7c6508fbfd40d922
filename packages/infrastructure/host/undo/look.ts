import type { UndoReading } from "@havn/fleet/protocol";
import type { Address, PropertyChange } from "@havn/model";
import { masked, sameValue } from "@havn/plan";
import type { Around, Aspect, State } from "./aspect.ts";
import { type Entry, keyOf, type Recorded } from "./journal.ts";
import { kindOf } from "./kinds.ts";
import { createAround, type Undo } from "./record.ts";

export interface UndoQuestion {
  /** Whose changes are to be taken back. */
  applyId: string;
  addresses: readonly Address[];
  /** Texts that no answer may hold. */
  hidden: readonly string[];
}

/** What taking an apply's changes back would do to each of the resources. Changes nothing. */
export async function readUndo(
  { applyId, addresses, hidden }: UndoQuestion,
  { blobs, journal }: Undo,
): Promise<UndoReading[]> {
  const entries = await entriesOf(applyId, journal);
  const readings = new Map<Address, UndoReading>();
  const putBack: PutBack = new Map();
  const wanted = new Set(addresses);
  // The last change first, as it will be: an earlier one finds what a later one put back.
  for (const entry of [...entries.values()].reverse()) {
    if (!wanted.has(entry.address)) continue;
    const reading = await readEntry(entry, createAround(blobs, { open: !entry.secret }), putBack);
    reading.conflicts.push(...sharedWith(entry, [...entries.values()], wanted));
    readings.set(entry.address, masked(reading, hidden));
  }
  return addresses.map(
    (address) =>
      readings.get(address) ?? { address, recorded: false, changes: [], conflicts: [], remains: [] },
  );
}

/** After a crash it is not known what an apply left: then only what is certainly its own counts. */
export async function entriesOf(applyId: string, journal: Undo["journal"]): Promise<Map<Address, Entry>> {
  const entries = await journal.read(applyId);
  for (const { steps } of entries.values())
    for (const step of steps)
      if (step.does === "aspect" && step.after === undefined)
        step.before = kindOf(step.aspect).certain?.(step.aspect, step.before) ?? step.before;
  return entries;
}

/** What another resource of the same apply changed too, which is not to be taken back. */
const sharedWith = (entry: Entry, all: readonly Entry[], wanted: ReadonlySet<Address>): string[] =>
  all
    .filter(({ address }) => !wanted.has(address))
    .flatMap((other) =>
      entry.steps.flatMap((step) =>
        step.does === "aspect" && other.steps.some((one) => keyOf(one) === keyOf(step))
          ? [`${kindOf(step.aspect).name(step.aspect)} (changed by ${other.address} too)`]
          : [],
      ),
    );

/** Of each aspect, what it will be once what is later has been put back. */
type PutBack = Map<string, State>;

async function readEntry(entry: Entry, around: Around, putBack: PutBack): Promise<UndoReading> {
  const changes: PropertyChange[] = [];
  const conflicts: string[] = [];
  const remains: string[] = [];
  for (const step of [...entry.steps].reverse()) {
    if (step.does === "never") {
      if (entry.begun !== false) remains.push(step.why);
    } else if (step.does === "run") {
      if (entry.begun) changes.push({ property: "runs", after: step.command.join(" ") });
      else if (entry.begun === undefined)
        remains.push(`it is not known whether what ${step.command.join(" ")} would undo was done`);
    } else if (step.does === "aspect") {
      const { aspect, before, after } = step;
      // A later change of the same apply has told already whether it is as that left it.
      const told = putBack.has(keyOf(step));
      const { now, same } = await lookAt(step, around, putBack);
      if (same) continue;
      const kind = kindOf(aspect);
      const why = await kind.obstacle?.(aspect, before, around);
      if (why === undefined) putBack.set(keyOf(step), before);
      else {
        remains.push(why);
        continue;
      }
      remains.push(...((await kind.reservations?.(aspect, before, around)) ?? []));
      if (!told && after !== undefined && !sameValue(now, after)) conflicts.push(kind.name(aspect));
      changes.push(...(await changesOf(aspect, { now, before }, around)));
    }
  }
  return { address: entry.address, recorded: true, changes, conflicts, remains: [...new Set(remains)] };
}

export async function lookAt(
  step: Recorded & { does: "aspect" },
  around: Around,
  putBack: PutBack = new Map(),
) {
  const { aspect, before } = step;
  const kind = kindOf(aspect);
  const all = putBack.get(keyOf(step)) ?? (await kind.capture(aspect, around, false));
  const now = kind.focus?.(all, before) ?? all;
  const wanted = kind.focus?.(before, before) ?? before;
  return { now, same: sameValue(now, wanted) };
}

/** As a person may see it. */
export async function changesOf(
  aspect: Aspect,
  { now, before }: { now: State; before: State },
  around: Around,
): Promise<PropertyChange[]> {
  const { name, changes } = kindOf(aspect);
  if (changes) return changes(aspect, now, before, around);
  return [{ property: name(aspect), before: now ?? "absent", after: before ?? "absent" }];
}
