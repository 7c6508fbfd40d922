import { readFileSync } from "node:fs";
import { type Diagnostic, formatLocation, HavnError } from "@havn/model";
import { Interrupted, UsageError } from "../kit/exit.ts";
import { printable, type Style, wrap } from "../kit/style.ts";

interface ErrorViewOptions {
  columns: number;
  /** HAVN_DEBUG: stack traces too. */
  debug?: string | undefined;
  /** Reads a file that a diagnostic points into; undefined where it cannot be read. */
  readSource?: (file: string) => string | undefined;
}

/** An error as a person reads it: what happened, where, what to do. */
export function errorView(error: unknown, style: Style, options: ErrorViewOptions): string {
  if (error instanceof Interrupted) return `${style.yellow("Interrupted.")} ${error.message}`;
  if (error instanceof UsageError) return message(error.message, error.hint, style, options);
  if (!(error instanceof HavnError)) return unexpected(error, style);
  const parts = error.diagnostics.map((diagnostic) => diagnosticView(diagnostic, style, options));
  // After diagnostics, which tell what is wrong, the summary only says what that means for the whole.
  if (parts.length === 0) parts.push(message(error.message, error.detail, style, options));
  else if (!error.diagnostics.some(({ summary }) => summary === error.message))
    parts.push(printable(`${error.message} ${error.detail}`).trim());
  if (options.debug) parts.push(style.dim(printable(stackOf(error))));
  return parts.join("\n\n");
}

function message(summary: string, detail: string, style: Style, { columns }: ErrorViewOptions): string {
  const lines = [`${style.red(style.bold("Error:"))} ${style.bold(printable(summary))}`];
  if (detail !== "") lines.push(...indented(detail, columns));
  return lines.join("\n");
}

const indented = (text: string, columns: number): string[] =>
  wrap(printable(text), Math.max(40, Math.min(columns, 110) - 2)).map((line) => `  ${line}`.trimEnd());

/** One diagnostic with the line of source that it is about and a caret under the column. */
export function diagnosticView(diagnostic: Diagnostic, style: Style, options: ErrorViewOptions): string {
  const { severity, summary, detail, at } = diagnostic;
  const address = diagnostic.address && printable(diagnostic.address).replaceAll("\n", "\\n");
  const label = severity === "error" ? style.red(style.bold("Error:")) : style.yellow(style.bold("Warning:"));
  const lines = [`${label} ${style.bold(printable(summary))}`];
  if (at) {
    lines.push(`  ${style.cyan(formatLocation(at))}${address ? style.dim(`  ${address}`) : ""}`);
    lines.push(...excerpt(at, style, options.readSource ?? readSource));
  } else if (address) lines.push(`  ${style.dim(address)}`);
  if (detail !== "") lines.push(...indented(detail, options.columns));
  return lines.join("\n");
}

function excerpt(
  at: NonNullable<Diagnostic["at"]>,
  style: Style,
  read: (file: string) => string | undefined,
): string[] {
  const line = read(at.file)?.split("\n")[at.line - 1];
  if (line === undefined || line.length > 500) return [];
  const number = String(at.line);
  // Tabs stay tabs before the caret, so that it stands under its column in any terminal.
  const before = line.slice(0, at.column - 1).replace(/[^\t]/g, " ");
  return [
    `  ${style.dim(`${number} │`)} ${printable(line)}`,
    `  ${style.dim(`${" ".repeat(number.length)} │`)} ${before}${style.red("^")}`,
    "",
  ];
}

function readSource(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function unexpected(error: unknown, style: Style): string {
  return [
    `${style.red(style.bold("Error:"))} ${style.bold("Havn's command line failed in a way that it does not know")}`,
    ...printable(stackOf(error))
      .split("\n")
      .map((line) => `  ${line}`),
  ].join("\n");
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
