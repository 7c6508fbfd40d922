import { globSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { runUnitTests } from "@havn/alerting/unit-tests";
import { type Diagnostic, formatLocation, HavnError } from "@havn/model";
import { closestName } from "@havn/plan";
import { type RulesProperties, readRules, readUnitTests, templateFault } from "@havn/prometheus";
import { PromqlError, parsePromql } from "@havn/promql";

/** How the unit tests of a file went. */
export interface TestedFile {
  file: string;
  tests: number;
  /** What keeps the file or its rules from being read. */
  faults: string[];
  failures: { test: string; what: string; line: number; lines: string[] }[];
}

export const isTestFile = (argument: string): boolean => /\.ya?ml$/.test(argument);

/** Runs the unit tests of one file, as promtool does: its rule files are found from where it stands. */
export async function testFile(
  file: string,
  { cwd, signal }: { cwd: string; signal: AbortSignal },
): Promise<TestedFile> {
  const path = resolve(cwd, file);
  const read = readUnitTests(file, readText(path, file), suggest);
  if ("faults" in read) return { file, tests: 0, failures: [], faults: read.faults.map(lineOf) };
  const { tests, lineOf: lineAt } = read;
  const rules: RulesProperties[] = [];
  const faults: string[] = [];
  for (const pattern of tests.rule_files ?? []) {
    const found = globSync(pattern, { cwd: dirname(path) }).sort();
    if (found.length === 0) faults.push(`No rule file matches "${pattern}"`);
    for (const name of found) {
      const whole = resolve(dirname(path), name);
      const shown = relative(cwd, whole);
      const { groups, diagnostics } = readRules(shown, readText(whole, shown), {
        ...{ suggest, checkExpr, checkTemplate: templateFault, interval: tests.evaluation_interval },
      });
      faults.push(...diagnostics.map(lineOf));
      rules.push(...groups.map(({ properties }) => properties));
    }
  }
  if (faults.length > 0) return { file, tests: 0, failures: [], faults };
  const { tests: count, failures } = await runUnitTests(tests, rules, signal);
  return {
    ...{ file, tests: count, faults },
    failures: failures.map(({ path: at, ...failure }) => ({ ...failure, line: lineAt(at) })),
  };
}

const suggest = (written: string, names: readonly string[]) => closestName(written, names);

function checkExpr(expr: string): string | undefined {
  try {
    parsePromql(expr);
    return undefined;
  } catch (error) {
    if (error instanceof PromqlError) return error.message;
    throw error;
  }
}

function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new HavnError(`${shown} cannot be read`, {
      detail: cause instanceof Error ? cause.message : String(cause),
      status: 404,
    });
  }
}

const lineOf = ({ at, summary, detail }: Diagnostic): string =>
  `${at ? `${formatLocation(at)}: ` : ""}${summary}. ${detail}`;
