import { type HostRun, parseAddress, type Run } from "@havn/model";
import { alignColumns, pad, printable, type Style } from "../kit/style.ts";
import { foldNames } from "./hosts.ts";
import { ago, count, elapsed, localTime } from "./words.ts";

/** What hosts are called in a run: with their environment only where there are several. */
export function hostNames(hosts: readonly string[]): Map<string, string> {
  const parts = hosts.map((host) => ({ host, ...parseAddress(host) }));
  const several = new Set(parts.map(({ environment }) => environment)).size > 1;
  return new Map(
    parts.map(({ host, environment, name }) => [host, several ? `${environment}/${name}` : name]),
  );
}

export interface Prefixes {
  /** One line of a host's output. */
  line(host: string, stream: "stdout" | "stderr", text: string): string;
}

const widestName = 28;

/** Each host's name before each of its lines, in a colour of its own. A lone host needs none. */
export function createPrefixes(names: ReadonlyMap<string, string>, style: Style): Prefixes {
  const colours = [style.cyan, style.green, style.yellow, style.bold];
  const order = [...names.keys()];
  const widest = Math.min(widestName, Math.max(...[...names.values()].map(({ length }) => length)));
  return {
    line(host, stream, text) {
      const shown = printable(text);
      if (names.size === 1) return shown;
      const paint = colours[order.indexOf(host) % colours.length] ?? style.bold;
      const bar = stream === "stderr" ? style.red("!") : style.dim("|");
      return `${paint(pad(names.get(host) ?? host, widest))} ${bar} ${shown}`;
    },
  };
}

/** Hosts whose end and output are the same, most hosts first, those that failed last. */
export function groupResults(results: readonly HostRun[]): HostRun[][] {
  const key = ({ state, code, signal, error, stdout, stderr }: HostRun) =>
    JSON.stringify([state, code, signal, error, stdout, stderr]);
  return [...Map.groupBy(results, key).values()].sort(
    (left, right) =>
      Number(left[0]?.state !== "ok") - Number(right[0]?.state !== "ok") || right.length - left.length,
  );
}

/** How a host ended, in words. */
export function endOf({ state, code, signal, error }: HostRun): string {
  switch (state) {
    case "ok":
      return "ok";
    case "failed":
      return error ?? (signal === undefined ? `exit ${code}` : `killed by ${signal}`);
    case "away":
      return `not reached: ${error ?? "its agent is not connected"}`;
    case "lost":
      return `lost in the middle: ${error ?? "its connection fell"}`;
    case "stopped":
      return "stopped";
    case "waiting":
    case "running":
      return state;
  }
}

const paintEnd = (result: HostRun, style: Style): string =>
  (result.state === "ok" ? style.green : style.red)(printable(endOf(result)));

interface SummaryOptions {
  style: Style;
  /** With what each group wrote, where that was not shown before. */
  output: boolean;
}

/** One line a group of hosts that fared alike. */
export function runSummary(run: Run, { style, output }: SummaryOptions): string {
  const names = hostNames(run.results.map(({ host }) => host));
  const lines: string[] = [];
  for (const group of groupResults(run.results)) {
    const [first] = group;
    if (!first) continue;
    const hosts = foldNames(group.map(({ host }) => names.get(host) ?? host));
    const text = outputOf(first);
    const wrote = run.task.kind === "command" && !output ? `, ${whatItWrote(text, group.length)}` : "";
    lines.push(
      `${style.bold(count(group.length, "host"))}: ${hosts}  ${paintEnd(first, style)}${style.dim(wrote)}`,
    );
    if (output && text !== "") lines.push(...text.split("\n").map((line) => `  ${printable(line)}`));
  }
  if (run.startedAt !== undefined && run.endedAt !== undefined)
    lines.push(style.dim(`${elapsed(run.endedAt - run.startedAt)}, run ${run.id.slice(0, 8)}`));
  return lines.join("\n");
}

const outputOf = ({ stdout = "", stderr = "" }: HostRun): string =>
  [stdout, stderr]
    .map((text) => text.replace(/\n$/, ""))
    .filter((text) => text !== "")
    .join("\n");

function whatItWrote(text: string, hosts: number): string {
  if (text === "") return "no output";
  const lines = count(text.split("\n").length, "line");
  return hosts === 1 ? lines : `the same ${lines}`;
}

/** What was done, on one line. */
export function taskView({ task, hosts }: Pick<Run, "task" | "hosts">): string {
  switch (task.kind) {
    case "command": {
      const words = task.shell ? task.command.join(" ") : task.command.map(quoted).join(" ");
      return printable(words.replaceAll("\n", "⏎"));
    }
    case "copy-to":
      return `copy … '${hosts}:${task.destination}'`;
    case "copy-from":
      return `copy '${hosts}:${task.source}' …`;
  }
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

export function runsView(runs: readonly Run[], { style, now }: { style: Style; now: number }): string {
  if (runs.length === 0) return "Nothing was run yet.";
  const rows = runs.map((run) => {
    const ok = run.results.filter(({ state }) => state === "ok").length;
    const paint =
      run.state === "succeeded" ? style.green : run.state === "running" ? style.yellow : style.red;
    return [
      run.id.slice(0, 8),
      ago(run.createdAt, now),
      paint(run.state),
      `${ok}/${run.results.length}`,
      printable(run.hosts),
      taskView(run).slice(0, 60),
      style.dim(run.actor),
    ];
  });
  return alignColumns([["RUN", "WHEN", "STATE", "OK", "HOSTS", "WHAT", "WHO"].map(style.bold), ...rows]).join(
    "\n",
  );
}

export function runView(run: Run, style: Style): string {
  const { task } = run;
  const facts: [string, string | undefined][] = [
    ["run", run.id],
    ["what", taskView(run)],
    ["hosts", printable(run.hosts)],
    ["as user", task.kind === "command" ? task.user : undefined],
    ["who", run.actor],
    ["when", localTime(run.startedAt ?? run.createdAt)],
    ["repeats", run.again?.slice(0, 8)],
    ["input", run.inputBytes === undefined ? undefined : `${run.inputBytes} bytes`],
    ["state", run.state],
  ];
  const rows = facts.flatMap(([name, value]) => (value === undefined ? [] : [[style.dim(name), value]]));
  return `${alignColumns(rows).join("\n")}\n\n${runSummary(run, { style, output: true })}`;
}
