import type { DashboardVariable } from "@havn/model";
import { useEffect, useState } from "preact/hooks";
import type { Api } from "../kit/api.ts";
import { useApplication } from "../kit/context.ts";
import type { Labels } from "../metrics/answer.ts";
import { seriesName } from "../metrics/names.ts";
import { stepFor, type TimeChoice, writeSeconds } from "../metrics/window.ts";
import { patternOf } from "./patterns.ts";
import type { BoardState } from "./state.ts";
import { type Chosen, fillIn, rangeVariables, type Variables } from "./template.ts";
import { choose, fixedOptions, type Option, optionsFrom, parseVariableQuery } from "./variables.ts";

export interface VariablesState {
  /** Undefined until all of them are known. */
  variables: Variables | undefined;
  options: ReadonlyMap<string, readonly Option[]>;
  failure: unknown;
}

interface Range {
  start: number;
  end: number;
}

/** What there is to choose from and what is chosen, one variable after the other: later ones may build on earlier ones. */
export function useVariables(
  definitions: readonly DashboardVariable[],
  given: { state: BoardState; environment: string; now: number; round: number },
): VariablesState {
  const { api } = useApplication();
  const [found, setFound] = useState<VariablesState>({
    ...{ variables: undefined, options: new Map(), failure: undefined },
  });
  const { choices, time } = given.state;
  const range = rangeOf(time, given.now);
  const key = JSON.stringify([definitions, [...choices], time, given.round]);
  useEffect(() => {
    const stopping = new AbortController();
    resolveAll(definitions, {
      ...{ choices, range, environment: given.environment },
      find: (query) => findValues(api, query, { range, signal: stopping.signal }),
    }).then(
      (resolved) => !stopping.signal.aborted && setFound({ ...resolved, failure: undefined }),
      (failure: unknown) => !stopping.signal.aborted && setFound((before) => ({ ...before, failure })),
    );
    return () => stopping.abort();
  }, [key]);
  return found;
}

const rangeOf = (time: TimeChoice, now: number): Range =>
  time.kind === "fixed" ? time : { start: now - time.seconds, end: now };

async function resolveAll(
  definitions: readonly DashboardVariable[],
  given: {
    choices: BoardState["choices"];
    range: Range;
    environment: string;
    find(query: string): Promise<string[]>;
  },
): Promise<{ variables: Variables; options: Map<string, readonly Option[]> }> {
  const step = stepFor(given.range.end - given.range.start, 240);
  const variables = new Map<string, Chosen>([["__environment", { values: [given.environment] }]]);
  const options = new Map<string, readonly Option[]>();
  const builtIn = rangeVariables({ ...given.range, step }, writeSeconds);
  for (const variable of definitions) {
    const found =
      variable.kind === "query"
        ? optionsFrom(await given.find(fillIn(variable.query, new Map([...builtIn, ...variables]))), variable)
        : fixedOptions(variable);
    options.set(variable.name, found);
    const address = given.choices.get(variable.name) ?? [];
    variables.set(
      variable.name,
      choose(variable, { address, options: found, autoInterval: writeSeconds(step) }),
    );
  }
  return { variables, options };
}

async function findValues(
  api: Api,
  query: string,
  { range, signal }: { range: Range; signal: AbortSignal },
): Promise<string[]> {
  const asked = parseVariableQuery(query);
  const within = { start: Math.floor(range.start), end: Math.ceil(range.end) };
  switch (asked.kind) {
    case "label values":
      return api.labelValues(asked.label, { match: asked.match, ...within }, signal);
    case "metrics": {
      const pattern = patternOf(asked.pattern);
      const names = await api.labelValues("__name__", { match: undefined, ...within }, signal);
      return names.filter((name) => pattern.test(name));
    }
    case "label names": {
      const form = { ...within, ...(asked.match && { "match[]": asked.match }) };
      return (await api.prometheus<{ data: string[] }>("labels", form, signal)).data;
    }
    case "result": {
      const series = await api.prometheus<{
        data: { result: { metric: Labels; value?: [number, string] }[] };
      }>("query", { query: asked.expr, time: within.end }, signal);
      return series.data.result.map(({ metric, value: [at, value] = [0, ""] }) =>
        `${seriesName(metric)} ${value} ${Math.round(at * 1000)}`.trim(),
      );
    }
    case "series": {
      const form = { "match[]": asked.match, ...within };
      return (await api.prometheus<{ data: Labels[] }>("series", form, signal)).data.map(seriesName);
    }
  }
}
