import { setImmediate as nextTurn } from "node:timers/promises";
import type { Span, VectorSelector } from "../ast.ts";
import { executionError, PromqlError, position } from "../errors.ts";
import type { Notes } from "../notes.ts";
import type { Querier } from "../querier.ts";
import type { QueryTrace } from "../trace.ts";

export interface EvaluationOptions {
  text: string;
  querier: Querier;
  startMs: number;
  endMs: number;
  stepMs: number;
  lookbackMs: number;
  defaultStepMs: number;
  maxSamples: number;
  maxBytes: number;
  signal: AbortSignal;
  trace?: QueryTrace | undefined;
  /** See stats.ts. */
  statsSelectors: ReadonlySet<VectorSelector>;
}

/** What comes after a message that was given so many times. */
export type More = (times: number) => string;

interface Note {
  times: number;
  more: More | undefined;
}

/** Samples and points that are worked on in a few milliseconds. */
const atOneBreath = 500_000;

/** A value, whether it is there, and what an answer makes of it. */
const bytesOfPoint = 24;
const bytesOfSeries = 400;

export const rawTier = "raw";

/** What an answer stands on. */
export interface TierUse {
  /** "raw" for samples, else the length of the buckets, such as "5m". */
  resolution: string;
  /** Whether samples would have given the same. */
  exact: boolean;
}

/** One query under way: what its parts share. */
export class Evaluation {
  readonly options: EvaluationOptions;
  readonly #warnings = new Map<string, Note>();
  readonly #infos = new Map<string, Note>();
  readonly #tiers = new Map<string, boolean>();
  #samples = 0;
  #bytes = 0;
  #sinceTurn = 0;

  constructor(options: EvaluationOptions) {
    this.options = options;
  }

  /** Counts samples read and points made; throws when the query takes more than it may. */
  spend(samples: number): void {
    this.#samples += samples;
    this.#sinceTurn += samples;
    if (this.#samples > this.options.maxSamples)
      throw executionError("query processing would load too many samples into memory in query execution");
  }

  /** Read and made so far. */
  get spent(): number {
    return this.#samples;
  }

  /** Counts memory that is held to the end, `points` of a series each; throws when the query takes more than it may. */
  hold(points: number): void {
    this.#bytes += bytesOfSeries + points * bytesOfPoint;
    if (this.#bytes > this.options.maxBytes)
      throw executionError(
        `the query would hold more than ${Math.round(this.options.maxBytes / 2 ** 20)} MiB in memory: select fewer series, aggregate them, or ask for fewer steps`,
      );
  }

  /** Whether `breathe` would let other work run. */
  get isOutOfBreath(): boolean {
    return this.#sinceTurn > atOneBreath;
  }

  /** Lets other work of the process run now and then; throws when the query was given up. `points`: made, not spent. */
  async breathe(points = 0): Promise<void> {
    this.#sinceTurn += points;
    if (this.isOutOfBreath) {
      this.#sinceTurn = 0;
      await nextTurn();
    }
    this.throwIfAborted();
  }

  throwIfAborted(): void {
    const { signal } = this.options;
    if (!signal.aborted) return;
    if (signal.reason instanceof DOMException && signal.reason.name === "TimeoutError")
      throw new PromqlError("timeout", "query timed out in expression evaluation");
    throw new PromqlError("canceled", "query was canceled in expression evaluation");
  }

  /** The same message at the same place is told once; `more` is asked at the end for what comes after it. */
  warn(message: string, at: Span, more?: More): void {
    this.#note(this.#warnings, `PromQL warning: ${message}`, { at, more });
  }

  inform(message: string, at: Span, more?: More): void {
    this.#note(this.#infos, `PromQL info: ${message}`, { at, more });
  }

  #note(notes: Map<string, Note>, message: string, { at, more }: { at: Span; more: More | undefined }): void {
    const key = `${message}\u0000 (${position(this.options.text, at.from)})`;
    const note = notes.get(key) ?? { times: 0, more };
    note.times++;
    notes.set(key, note);
  }

  /** What was told, each thing once. */
  get warnings(): string[] {
    return textsOf(this.#warnings);
  }

  get infos(): string[] {
    const gone = this.tiers.filter(({ exact }) => !exact).map(({ resolution }) => samplesGone(resolution));
    return [...textsOf(this.#infos), ...gone];
  }

  /** Something was answered from buckets of that length, or from samples; `exact`: as samples would have answered. */
  took(resolution: string, exact: boolean): void {
    this.#tiers.set(resolution, exact && (this.#tiers.get(resolution) ?? true));
  }

  /** Told only of stores that keep more than samples. */
  tookSamples(): void {
    if (this.options.querier.buckets) this.took(rawTier, true);
  }

  get tiers(): TierUse[] {
    return Array.from(this.#tiers, ([resolution, exact]) => ({ resolution, exact }));
  }

  notes(at: Span, metric = ""): Notes {
    return {
      metric,
      warn: (message, more) => this.warn(message, at, more),
      inform: (message, more) => this.inform(message, at, more),
    };
  }

  get isRange(): boolean {
    return this.options.startMs !== this.options.endMs;
  }
}

const samplesGone = (resolution: string) =>
  `PromQL info: samples that this asks for are gone: it is answered from what is kept of each ${resolution}, each moment as of the last ${resolution} that was over`;

const textsOf = (notes: ReadonlyMap<string, Note>): string[] =>
  Array.from(notes, ([key, { times, more }]) => key.replace("\u0000", more?.(times) ?? ""));
