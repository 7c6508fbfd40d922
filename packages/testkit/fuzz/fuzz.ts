import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { entryOf, readCorpus, writeCorpus } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import { type Chance, mutate } from "./mutate.ts";

export interface FuzzTarget {
  name: string;
  /** Takes any bytes. It may throw what `isTyped` knows; anything else is a mistake of ours. */
  run(bytes: Uint8Array): unknown;
  isTyped(error: unknown): boolean;
  /** To begin with, beside the corpus. */
  seeds: readonly (string | Uint8Array)[];
  /** What a user of the format would write, to put in. */
  words: readonly string[];
}

/** `FUZZ_RUNS=200000` tries as many of each target; `FUZZ_SEED` makes others of them. */
const runs = Number(process.env.FUZZ_RUNS ?? 600);
const seed = Number(process.env.FUZZ_SEED ?? 1);
/** So many are run between two looks at the coverage, which take their time. */
const together = 25;
/** For what hangs, not a measure: an input of 4 KiB takes a millisecond or two. */
const longestMs = 20_000;
const mostMemory = 768 * 1024 * 1024;

/**
 * One test a target: whatever is put in, it returns or throws what is typed, it ends, and its memory is bounded. Inputs
 * that reach code that no other reached are changed further. With UPDATE_CASES (`npm test -- … -u`) the smallest
 * inputs that reach all that was reached become the corpus, `NAME.jsonl` in the folder.
 */
export function fuzzTests(folder: URL, targets: readonly FuzzTarget[]): void {
  for (const target of targets)
    test(`fuzz: ${target.name}`, { timeout: 3_000_000 }, async (t) => {
      const path = fileURLToPath(new URL(`${target.name}.jsonl`, folder));
      const given = [...readCorpus(path), ...target.seeds.map((bytes) => Buffer.from(bytes))];
      const found = await fuzz(target, given, { runs, chance: chanceOf(seed) });
      t.diagnostic(`${target.name}: ${found.length} inputs that reach code of their own, of ${given.length}`);
      if (process.env.UPDATE_CASES) writeCorpus(path, await smallest(target, found));
    });
}

/** Runs what is given, then `runs` changed ones; returns those that reached something new. Throws what is wrong. */
async function fuzz(
  target: FuzzTarget,
  given: readonly Uint8Array[],
  { runs, chance }: { runs: number; chance: Chance },
): Promise<Uint8Array[]> {
  const coverage = new Coverage();
  const kept: Uint8Array[] = [];
  const words = target.words.map((word) => Buffer.from(word));
  const take = async (inputs: readonly Uint8Array[]) => {
    coverage.skip();
    for (const bytes of inputs) await attempt(target, bytes);
    if (!coverage.isNew(false)) return;
    for (const bytes of inputs) {
      coverage.skip();
      await attempt(target, bytes);
      if (coverage.isNew(true)) kept.push(bytes);
    }
    assert.ok(
      process.memoryUsage().rss < mostMemory,
      `${target.name} holds ${process.memoryUsage().rss} bytes`,
    );
  };
  for (const bytes of given) await take([bytes]);
  const pick = () => kept[Math.floor(chance() * kept.length)] ?? new Uint8Array();
  for (let done = 0; done < runs; done += together)
    await take(Array.from({ length: together }, () => mutate(pick(), pick(), { chance, words })));
  return kept;
}

async function attempt(target: FuzzTarget, bytes: Uint8Array): Promise<void> {
  try {
    await withDeadline(() => target.run(bytes));
  } catch (error) {
    if (target.isTyped(error)) return;
    const input = JSON.stringify(entryOf(bytes));
    throw new Error(`${target.name} fails with ${input}: ${(error as Error)?.stack ?? error}`, {
      cause: error,
    });
  }
}

/** What runs at once is ended by force; of what goes on later, each part is short or the test's own limit ends it. */
function withDeadline(work: () => unknown): unknown {
  const place = globalThis as { fuzzWork?: () => unknown };
  place.fuzzWork = work;
  return vm.runInThisContext("globalThis.fuzzWork()", { timeout: longestMs });
}

/** As few and as short ones as reach all that these do. */
async function smallest(target: FuzzTarget, inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const coverage = new Coverage();
  const kept: Uint8Array[] = [];
  for (const bytes of inputs.toSorted((a, b) => a.length - b.length)) {
    coverage.skip();
    await attempt(target, bytes);
    if (coverage.isNew(true)) kept.push(bytes);
  }
  return kept;
}

/** A linear congruence: the same seed, the same chance. */
function chanceOf(start: number): Chance {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
