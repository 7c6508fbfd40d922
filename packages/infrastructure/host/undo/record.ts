import type { Address, Resource } from "@havn/model";
import { findSecretPaths, sameValue } from "@havn/plan";
import { findDefinition } from "../../definitions.ts";
import type { Operation } from "../../resources/type.ts";
import { runCommand } from "../commands.ts";
import type { Secrets } from "../mask.ts";
import type { Memory } from "../memory.ts";
import type { Around, Aspect, State } from "./aspect.ts";
import type { Blobs } from "./blobs.ts";
import { type Effect, effectsOf } from "./effects.ts";
import { type Entry, keyOf, type Line, type Recorded, type UndoJournal } from "./journal.ts";
import { kindOf } from "./kinds.ts";

/** Records what a bundle is about to change, so that it can be taken back. Costs nothing where nothing changes. */
export interface Recorder {
  /** Before anything of it is done: durable when it resolves. */
  before(changing: readonly Changing[]): Promise<void>;
  /** Once all of it has ended. `begun`: of which of them an operation was begun. */
  after(begun: ReadonlySet<Address>): Promise<void>;
  /** At the end: what is too old or too much goes, if anything came. */
  close(): Promise<void>;
}

export interface Changing {
  resource: Resource;
  operations: readonly Operation[];
}

export interface Undo {
  blobs: Blobs;
  journal: UndoJournal;
}

/** Of whose apply a bundle is: its id begins with that. */
export const applyOf = (bundleId: string): string => bundleId.split("/")[0] ?? bundleId;

export function createAround(blobs: Blobs, rest: Partial<Around> = {}): Around {
  return { blobs, run: runCommand, reload: false, remarks: [], open: false, ...rest };
}

export function createRecorder(
  { blobs, journal }: Undo,
  { bundleId, memory, secrets }: { bundleId: string; memory: Memory; secrets: Secrets },
): Recorder {
  const applyId = applyOf(bundleId);
  const around = createAround(blobs);
  let recorded: Entry[] = [];
  let grown = false;
  /** What later changes of the same apply may reach too. */
  const shared: Entry[] = [];
  let earlier: Map<Address, Entry> | undefined;
  return {
    async before(changing) {
      const capture = captureOnce(around, true);
      recorded = await Promise.all(
        changing.map(async ({ resource, operations }) => ({
          address: resource.address,
          memory: memory.recall(resource.address),
          secret: isSecret(resource, secrets),
          steps: await stepsOf((await Promise.all(operations.map(effectsOf))).flat(), capture),
        })),
      );
      // What a try before a crash recorded is how it was: by now it may be half changed.
      earlier ??= await journal.read(applyId);
      for (const entry of recorded) keepEarlier(entry, earlier.get(entry.address));
      await blobs.settle();
      await journal.append(applyId, { kind: "before", entries: recorded });
      grown = true;
    },
    async after(begun) {
      await noteAfter(journal, applyId, { entries: recorded, begun, around });
      for (const entry of recorded) {
        const steps = entry.steps.filter(isShared);
        if (steps.length > 0) shared.push({ ...entry, steps });
      }
      recorded = [];
    },
    async close() {
      if (shared.length > 0) await noteAfter(journal, applyId, { entries: shared, begun: new Set(), around });
      if (grown) await journal.prune();
    },
  };
}

/** A home folder gets a key, an account a group: what was left of them is known only at the end. */
const isShared = (step: Recorded): boolean =>
  step.does === "aspect" && ["tree", "account", "group"].includes(step.aspect.kind);

/** What was left, so that what changes later is told apart. */
export async function noteAfter(
  journal: UndoJournal,
  applyId: string,
  { entries, begun, around }: { entries: readonly Entry[]; begun: ReadonlySet<Address>; around: Around },
): Promise<void> {
  const capture = captureOnce(around, false);
  const named = new Set(entries.flatMap(({ steps }) => steps.flatMap(namesOf)));
  const lines: Line[] = [];
  for (const { address, steps } of entries) {
    const others = new Set([...named].filter((name) => !steps.flatMap(namesOf).includes(name)));
    const states = await Promise.all(
      steps
        .filter((step) => step.does === "aspect")
        .map(async ({ aspect, before }) => {
          const after = await capture(aspect).catch(() => undefined);
          if (after === undefined) return [];
          const narrow = kindOf(aspect).narrow ?? ((_, ...both) => ({ before: both[0], after: both[1] }));
          return [{ aspect, ...narrow(aspect, without(before, others), without(after, others)) }];
        }),
    );
    lines.push({ kind: "after", address, begun: begun.has(address), states: states.flat() });
  }
  await journal.note(applyId, lines);
}

function keepEarlier(entry: Entry, earlier: Entry | undefined): void {
  if (!earlier) return;
  entry.memory = earlier.memory;
  for (const step of entry.steps) {
    const found = earlier.steps.find((one) => keyOf(one) === keyOf(step));
    if (found?.does === "aspect") Object.assign(step, { before: found.before });
  }
}

const namesOf = (step: Recorded): string[] =>
  step.does === "aspect" && "named" in step.aspect ? step.aspect.named : [];

/** Packages that another resource of the same transaction names are that one's. */
function without(state: State, others: ReadonlySet<string>): State {
  if (typeof state !== "object" || state === null || !("packages" in state) || others.size === 0)
    return state;
  const packages = Object.entries(state.packages as object).filter(
    // "libc6:amd64", or with dnf "glibc.x86_64".
    ([name]) => !others.has(name.split(":")[0] ?? "") && !others.has(name.replace(/\.[^.]*$/, "")),
  );
  return { ...state, packages: Object.fromEntries(packages) };
}

/** Whole lists (of packages, for example) are read once for all that ask for them. */
function captureOnce(around: Around, keep: boolean): (aspect: Aspect) => Promise<State> {
  const known = new Map<string, Promise<State>>();
  return (aspect) => {
    const key = JSON.stringify("named" in aspect ? { ...aspect, named: [] } : aspect);
    const found = known.get(key) ?? kindOf(aspect).capture(aspect, around, keep);
    known.set(key, found);
    return found;
  };
}

async function stepsOf(
  effects: readonly Effect[],
  capture: (aspect: Aspect) => Promise<State>,
): Promise<Recorded[]> {
  const known: Effect[] = [];
  for (const effect of effects) if (!known.some((one) => sameValue(one, effect))) known.push(effect);
  return Promise.all(
    known.map(async (effect): Promise<Recorded> => {
      if (effect.does !== "aspect") return effect;
      try {
        return { ...effect, before: await capture(effect.aspect) };
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return {
          does: "never",
          why: `${kindOf(effect.aspect).name(effect.aspect)} could not be recorded: ${why}`,
        };
      }
    }),
  );
}

const isSecret = (resource: Resource, secrets: Secrets): boolean =>
  (secrets[resource.address] ?? []).length > 0 ||
  findSecretPaths(resource.properties).length > 0 ||
  (findDefinition(resource.type)?.secrets ?? []).some((path) => resource.properties[path] !== undefined);
