import { setImmediate as nextTurn } from "node:timers/promises";
import type { Span } from "../ast.ts";
import { executionError, PromqlError, position } from "../errors.ts";
import type { Querier } from "../querier.ts";

export interface EvaluationOptions {
  text: string;
  querier: Querier;
  startMs: number;
  endMs: number;
  stepMs: number;
  lookbackMs: number;
  defaultStepMs: number;
  maxSamples: number;
  signal: AbortSignal;
}

/** One query under way: what its parts share. */
export class Evaluation {
  readonly options: EvaluationOptions;
  readonly warnings = new Set<string>();
  readonly infos = new Set<string>();
  #samples = 0;
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

  /** Lets other work of the process run now and then; throws when the query was given up. */
  async breathe(): Promise<void> {
    if (this.#sinceTurn > 500_000) {
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

  warn(message: string, at: Span): void {
    this.warnings.add(`PromQL warning: ${message} (${position(this.options.text, at.from)})`);
  }

  inform(message: string, at: Span): void {
    this.infos.add(`PromQL info: ${message} (${position(this.options.text, at.from)})`);
  }

  get isRange(): boolean {
    return this.options.startMs !== this.options.endMs;
  }
}
