import { type Labels, labelsKey } from "@havn/model";
import { type Expr, type Modifiers, unwrap } from "../ast.ts";
import { executionError } from "../errors.ts";
import {
  type Column,
  emptyColumn,
  formatLabels,
  mergeColumns,
  pickLabels,
  setValue,
  valueAt,
} from "../evaluate/columns.ts";
import type { Matcher } from "../querier.ts";
import { matchesValue } from "../regexp.ts";
import { type CallContext, defineFunction } from "./define.ts";

const identifying = ["instance", "job"];

/**
 * `info(v, {…})`: adds labels of info series (`target_info` unless told) of the same instance and job. The second
 * argument says which info series, and which of their labels.
 */
export default defineFunction({
  kind: "vector",
  name: "info",
  parameters: ["vector", "vector"],
  optional: 1,
  returns: "vector",
  async evaluate(call) {
    const base = await call.vector(0);
    const asked = matchersOf(call.arguments[1]);
    const names = nameMatchers(asked);
    // Info series themselves stay as they are.
    const isInfo = ({ labels }: Column) => names.every((matcher) => matches(labels, matcher));
    const plain = base.filter((column) => !isInfo(column));
    const wanted = asked.filter(({ name }) => name !== "__name__");
    const found = await selectInfo(call, plain, [...wanted, ...names, ...call.scope]);
    const enriched = plain.flatMap((column) => enrich(column, { found, wanted, call }));
    return mergeColumns([...base.filter(isInfo), ...enriched], () =>
      executionError("vector cannot contain metrics with the same labelset"),
    );
  },
});

function matchersOf(expr: Expr | undefined): Matcher[] {
  const inner = expr && unwrap(expr);
  return inner?.kind === "selector" ? inner.matchers : [];
}

/** What is asked of the metric's name; where that only says what it is not, it still must look like that of an info. */
function nameMatchers(asked: readonly Matcher[]): Matcher[] {
  const names = asked.filter(({ name }) => name === "__name__");
  if (names.length === 0) return [{ name: "__name__", operator: "=", value: "target_info" }];
  if (names.some(({ operator }) => operator === "=" || operator === "=~")) return names;
  return [{ name: "__name__", operator: "=~", value: ".+_info" }, ...names];
}

const matches = (labels: Labels, matcher: Matcher) => matchesValue(labels[matcher.name] ?? "", matcher);

/** Info series by name and identifying labels. */
type InfoSeries = Map<string, Map<string, Column[]>>;

async function selectInfo(
  call: CallContext,
  base: readonly Column[],
  matchers: readonly Matcher[],
): Promise<InfoSeries> {
  const found: InfoSeries = new Map();
  const identities = identifying.flatMap((name): Matcher[] => {
    const values = new Set(base.flatMap(({ labels }) => labels[name] || []));
    if (values.size === 0) return [];
    return [{ name, operator: "=~", value: [...values].map(escapeRegexp).join("|") }];
  });
  if (identities.length === 0) return found;
  const [first] = call.arguments;
  for (const column of await call.select([...identities, ...matchers], first ? momentOf(first) : {})) {
    if (column.histograms)
      throw executionError(
        `this should be an info metric, with float samples: ${formatLabels(column.labels)}`,
      );
    const name = column.labels.__name__ ?? "";
    const byIdentity = found.get(name) ?? new Map<string, Column[]>();
    found.set(name, byIdentity);
    const key = labelsKey(pickLabels(column.labels, identifying));
    byIdentity.set(key, [...(byIdentity.get(key) ?? []), column]);
  }
  return found;
}

const escapeRegexp = (text: string) => text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");

/** When the first selector of the expression looks: info series are read as of the same moment. */
function momentOf(expr: Expr): Modifiers {
  return findMoment(expr) ?? {};
}

function findMoment(expr: Expr): Modifiers | undefined {
  switch (expr.kind) {
    case "number":
    case "string":
      return undefined;
    case "selector":
      return modifiersOf(expr);
    case "matrix":
      return modifiersOf(expr.selector);
    case "subquery": {
      const inner = findMoment(expr.inner);
      if (!inner || inner.at !== undefined) return inner;
      const { at, offset } = modifiersOf(expr);
      const both: Modifiers =
        inner.offset && offset
          ? { offset: { kind: "binary", operator: "+", left: inner.offset, right: offset } }
          : modifiersOf({ offset: inner.offset ?? offset });
      return { ...both, ...(at !== undefined && { at }) };
    }
    case "unary":
    case "parenthesis":
      return findMoment(expr.inner);
    case "call":
      return firstOf(expr.arguments);
    case "aggregate":
      return firstOf([expr.inner, ...(expr.parameter ? [expr.parameter] : [])]);
    case "binary":
      return firstOf([expr.left, expr.right]);
  }
}

function firstOf(exprs: readonly Expr[]): Modifiers | undefined {
  for (const expr of exprs) {
    const moment = findMoment(expr);
    if (moment) return moment;
  }
  return undefined;
}

const modifiersOf = ({ at, offset }: { [K in keyof Modifiers]: Modifiers[K] | undefined }): Modifiers => ({
  ...(at !== undefined && { at }),
  ...(offset && { offset }),
});

/** One column for each set of labels that the series gets over time. */
function enrich(
  column: Column,
  { found, wanted, call }: { found: InfoSeries; wanted: readonly Matcher[]; call: CallContext },
): Column[] {
  const key = labelsKey(pickLabels(column.labels, identifying));
  const candidates = [...found.values()].flatMap((byIdentity) => {
    const columns = byIdentity.get(key);
    return columns ? [columns] : [];
  });
  // Where no info is found, a label that must not be empty is not had.
  const dispensable = wanted.every((matcher) => matchesValue("", matcher));
  const results = new Map<string, Column>();
  for (let i = 0; i < call.grid.count; i++) {
    const value = valueAt(column, i);
    if (value === undefined) continue;
    const infos = candidates.flatMap((columns) => latestAt(columns, i) ?? []);
    if (infos.length === 0 && !dispensable) continue;
    const labels = withInfo(column.labels, infos, wanted);
    const into = results.get(labelsKey(labels)) ?? emptyColumn(call.grid, labels, column.dropName);
    results.set(labelsKey(labels), into);
    setValue(into, i, value);
  }
  return [...results.values()];
}

/** Of several, the one whose sample is the latest. */
function latestAt(columns: readonly Column[], i: number): Column | undefined {
  let latest: Column | undefined;
  for (const column of columns) {
    if (!column.present[i]) continue;
    const [time = 0, held = 0] = [column.values[i], latest?.values[i]];
    if (latest && time === held)
      throw executionError(
        `found duplicate series for info metric: existing ${formatLabels(latest.labels)} @ ${held * 1000}, new ${formatLabels(column.labels)} @ ${time * 1000}`,
      );
    if (!latest || time > held) latest = column;
  }
  return latest;
}

function withInfo(base: Labels, infos: readonly Column[], wanted: readonly Matcher[]): Labels {
  const added: Record<string, string> = {};
  for (const { labels } of infos)
    for (const [name, value] of Object.entries(labels)) {
      if (name === "__name__" || base[name] !== undefined) continue;
      if (wanted.length > 0 && !wanted.some((matcher) => matcher.name === name)) continue;
      if (added[name] !== undefined && added[name] !== value)
        throw executionError(`conflicting label: ${name}`);
      added[name] = value;
    }
  return { ...base, ...added };
}
