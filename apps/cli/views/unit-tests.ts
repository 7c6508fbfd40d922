import type { TestedFile } from "../flows/unit-tests.ts";
import { printable, type Style } from "../kit/style.ts";
import { count } from "./words.ts";

/** Of each file what is not as expected, with its line, and how many tests went well. */
export function unitTestsView(files: readonly TestedFile[], style: Style): string {
  return files.flatMap((file) => fileLines(file, style)).join("\n");
}

function fileLines({ file, tests, faults, failures }: TestedFile, style: Style): string[] {
  const name = printable(file);
  const failed = failures.flatMap(({ test, what, line, lines }) => [
    `${style.red("✗")} ${name}:${line}  ${printable(test)}: ${printable(what)}`,
    ...lines.map((text) => `    ${printable(text)}`),
  ]);
  if (faults.length > 0)
    return [
      `${style.red("✗")} ${name} cannot be tested`,
      ...faults.map((fault) => `    ${printable(fault)}`),
    ];
  if (failed.length > 0)
    return [...failed, `${style.red("✗")} ${name}: ${failures.length} of ${count(tests, "test")} failed`];
  return [`${style.green("✓")} ${name}: ${count(tests, "test")}`];
}
