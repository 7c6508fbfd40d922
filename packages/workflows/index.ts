/**
 * One durable piece of work. Its steps' results are recorded: after a crash the body runs again from the top, and
 * steps that ended are not run again. A step that was under way when the process died runs a second time, so what
 * it does outside must be idempotent or carry an idempotency key.
 */
export interface Run {
  readonly id: string;
  /** `name` says what is attempted; results must be JSON. Retryable HavnErrors are tried `retries` more times. */
  step<T>(name: string, work: () => Promise<T>, options?: { retries?: number }): Promise<T>;
}
