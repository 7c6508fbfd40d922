import { fileURLToPath } from "node:url";
import type { Diagnostic, Location } from "@havn/model";
import { checkout } from "../version.ts";
import type { Thrown } from "./evaluate.ts";
import { shownPath } from "./evaluate.ts";

interface Where {
  file: string;
  cwd: string;
}

/** What went wrong inside a configuration, at the user's own line. */
export function thrownDiagnostic(thrown: Thrown, where: Where): Diagnostic {
  const at = headLocation(thrown.stack, where) ?? frameLocation(thrown.stack, where);
  const found = at ?? { file: shownPath(where.file, where.cwd), line: 1, column: 1 };
  return { severity: "error", at: found, ...explain(thrown, where) };
}

function explain(
  { name, message, code, detail }: Thrown,
  { cwd }: Where,
): { summary: string; detail: string } {
  if (name === "HavnError") return { summary: message, detail: detail ?? "" };
  switch (code) {
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return {
        summary: message.replace(" is not supported in strip-only mode", " is not supported"),
        detail: "Types are removed before it runs, and nothing is generated: write it in plain JavaScript.",
      };
    case "ERR_MODULE_NOT_FOUND":
      return {
        summary: message.replace(/ imported from .*/, "").replace(`${cwd}/`, ""),
        detail:
          "Correct the path (with its .ts at the end), or install the package beside the configuration.",
      };
    case "ERR_ACCESS_DENIED":
      return {
        summary: "The configuration tried what it may not",
        detail:
          `${message.replace(/ Use --allow.*/, "").replace(/\.?$/, ".")} A configuration only describes: it reads files of its own project, ` +
          "and has no network, no programs, no other files.",
      };
    default:
      if (name === "SyntaxError") return { summary: message, detail: "Correct it there." };
      return {
        summary: name === "Error" ? message : `${name}: ${message}`,
        detail: "The configuration threw this error. Correct it there.",
      };
  }
}

/** Node puts the place of a syntax error before the stack: `path:line`, the source, a line with a caret. */
function headLocation(stack: string, { cwd }: Where): Location | undefined {
  const lines = stack.split("\n");
  const match = /^(.+):(\d+)$/.exec(lines[0] ?? "");
  if (!match?.[1] || lines[0]?.startsWith("    at ")) return undefined;
  const end = lines.findIndex((line) => line.trim() === "" || line.startsWith("    at "));
  const caret = lines.slice(0, end === -1 ? undefined : end).find((line) => /^\s*\^+\s*$/.test(line));
  const file = match[1].startsWith("file:") ? fileURLToPath(match[1]) : match[1];
  return { file: shownPath(file, cwd), line: Number(match[2]), column: caret ? caret.indexOf("^") + 1 : 1 };
}

/** The innermost frame that is the user's: neither Node's nor Havn's nor a package's. */
function frameLocation(stack: string, { cwd }: Where): Location | undefined {
  for (const line of stack.split("\n")) {
    const match = /(?:\(|at |async )(file:\/\/\S+?|\/\S+?):(\d+):(\d+)\)?$/.exec(line);
    if (!line.startsWith("    at ") || !match?.[1]) continue;
    const file = match[1].startsWith("file:") ? fileURLToPath(match[1]) : match[1];
    const ours = ["packages", "apps", "node_modules"].some((folder) =>
      file.startsWith(`${checkout}/${folder}/`),
    );
    // Havn's own tests keep configurations inside.
    if ((ours && !file.includes("/testdata/")) || file.includes("/node_modules/")) continue;
    return { file: shownPath(file, cwd), line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}
