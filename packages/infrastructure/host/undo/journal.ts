import { mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Address, Clock } from "@havn/model";
import { sameValue } from "@havn/plan";
import type { Aspect, State } from "./aspect.ts";
import type { Blobs } from "./blobs.ts";
import type { Effect } from "./effects.ts";

/** One thing that an apply did to a resource: what was before, and what it left. */
export type Recorded =
  | { does: "aspect"; aspect: Aspect; before: State; after?: State }
  | Exclude<Effect, { does: "aspect" }>;

/** What an apply did to one resource of this host. */
export interface Entry {
  address: Address;
  /** What the host remembered of it before; see memory.ts. */
  memory: unknown;
  /** Secrets are declared in it: contents are not shown. */
  secret: boolean;
  steps: Recorded[];
  /** Operations were begun. Undefined where the agent fell before it could say. */
  begun?: boolean;
}

export type Line =
  | { kind: "before"; entries: Entry[] }
  | { kind: "after"; address: Address; begun: boolean; states: Known[] };
/** The part of both states that belongs to the aspect. */
type Known = { aspect: Aspect; before: State; after: State };

/** One file an apply, only ever added to; entries stand in the order in which the resources were changed. */
export interface UndoJournal {
  read(applyId: string): Promise<Map<Address, Entry>>;
  /** Durable when it resolves. */
  append(applyId: string, line: Line): Promise<void>;
  /** Adds what is of use, and no harm to lose. */
  note(applyId: string, lines: readonly Line[]): Promise<void>;
  prune(): Promise<void>;
}

const keptApplies = 50;
const keptMs = 30 * 86_400_000;
const keptBytes = 512 * 1024 * 1024;

export async function openUndoJournal(
  directory: string,
  { blobs, clock }: { blobs: Blobs; clock: Clock },
): Promise<UndoJournal> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pathOf = (applyId: string) => join(directory, `${encodeURIComponent(applyId)}.jsonl`);

  async function add(applyId: string, lines: readonly Line[], sync: boolean): Promise<void> {
    const file = await open(pathOf(applyId), "a", 0o600);
    try {
      const texts = lines.map((line) => JSON.stringify(line.kind === "before" ? interned(line) : line));
      await file.appendFile(texts.map((text) => `${text}\n`).join(""));
      if (sync) await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** The name of a new file is on the disk only once its folder is. */
  async function syncFolder(): Promise<void> {
    const folder = await open(directory, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async function linesOf(path: string): Promise<Line[]> {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    // A last line without its end was cut short by a crash: what it tells had not begun.
    return text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter(Boolean)
      .flatMap((line) => parseLine(line) ?? []);
  }

  const known = new Set<string>();
  return {
    read: async (applyId) => fold(await linesOf(pathOf(applyId))),
    async append(applyId, line) {
      await add(applyId, [line], true);
      if (!known.has(applyId)) await syncFolder();
      known.add(applyId);
    },
    note: (applyId, lines) => add(applyId, lines, false),
    async prune() {
      const names = (await readdir(directory)).filter((name) => name.endsWith(".jsonl"));
      const dated = await Promise.all(
        names.map(async (name) => ({ name, at: (await stat(join(directory, name))).mtimeMs })),
      );
      const newest = dated.sort((a, b) => b.at - a.at);
      const kept = newest.filter(({ at }, index) => index < keptApplies && clock.now() - at < keptMs);
      const size = await blobs.size();
      if (kept.length === newest.length && size <= keptBytes) return;
      // Too much is kept: the older half goes, at least one, never the newest.
      const room = size > keptBytes ? Math.max(1, Math.floor(kept.length / 2)) : kept.length;
      const staying = kept.slice(0, room).map(({ name }) => name);
      for (const { name } of newest)
        if (!staying.includes(name)) await rm(join(directory, name), { force: true });
      const used = new Set<string>();
      for (const name of staying)
        for (const [digest] of (await readFile(join(directory, name), "utf8")).matchAll(
          /(?<="digest":")[0-9a-f]{64}/g,
        ))
          used.add(digest);
      await blobs.sweep(used);
    },
  };
}

type Interned = { kind: "before"; entries: Entry[]; states: State[] };

/** Many resources share one state (the list of packages): it is written once, and steps hold its number. */
function interned({ entries }: Line & { kind: "before" }): Interned {
  const numbers = new Map<State, number>();
  const numberOf = (state: State): number => {
    const known = numbers.get(state) ?? numbers.size;
    numbers.set(state, known);
    return known;
  };
  const numbered = entries.map((entry) => ({
    ...entry,
    steps: entry.steps.map((step) =>
      step.does === "aspect" ? { ...step, before: numberOf(step.before) } : step,
    ),
  }));
  return { kind: "before", entries: numbered, states: [...numbers.keys()] };
}

function withStates({ entries, states }: Interned): Line {
  const steps = (entry: Entry) =>
    entry.steps.map((step) =>
      step.does === "aspect" ? { ...step, before: states[Number(step.before)] ?? null } : step,
    );
  return { kind: "before", entries: entries.map((entry) => ({ ...entry, steps: steps(entry) })) };
}

/** What a crash left in the middle of the file is skipped. */
function parseLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Exclude<Line, { kind: "before" }> | Interned;
    return line.kind === "before" ? withStates(line) : line;
  } catch {
    return undefined;
  }
}

/** The first state before counts: what a second try after a crash found was half changed already. */
function fold(lines: readonly Line[]): Map<Address, Entry> {
  const entries = new Map<Address, Entry>();
  for (const line of lines)
    switch (line.kind) {
      case "before":
        for (const entry of line.entries) {
          const found = entries.get(entry.address);
          if (!found) entries.set(entry.address, entry);
          else {
            const known = new Set(found.steps.map(keyOf));
            found.steps.push(...entry.steps.filter((step) => !known.has(keyOf(step))));
          }
        }
        break;
      case "after": {
        const entry = entries.get(line.address);
        if (!entry) break;
        entry.begun = entry.begun === true || line.begun;
        for (const { aspect, before, after } of line.states) {
          const step = entry.steps.find((one) => one.does === "aspect" && sameValue(one.aspect, aspect));
          if (step) Object.assign(step, { before, after });
        }
      }
    }
  return entries;
}

export const keyOf = (step: Recorded): string => JSON.stringify(step.does === "aspect" ? step.aspect : step);
