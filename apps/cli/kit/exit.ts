/** What the exit code of a command says; `havn --help` shows the same table. */
export const exitCodes = {
  ok: 0,
  error: 1,
  /** `plan`: there is something to apply. `drift`: something differs. As Terraform's -detailed-exitcode. */
  changes: 2,
  usage: 3,
  interrupted: 130,
} as const;

/** What was typed is not a command: what is wrong, and what was probably meant. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly hint: string;

  constructor(summary: string, hint = "") {
    super(summary);
    this.hint = hint;
  }
}

/** The person pressed Ctrl-C. `told` says what goes on without them. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
