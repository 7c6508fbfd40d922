import { closestName } from "../suggest.ts";
import { type Choice, ChoiceError, parseChoice } from "./expression.ts";
import { expandRanges, isGlob, matchesGlob } from "./pattern.ts";

/** What a choice looks at. */
export interface ChoosableHost {
  environment: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  /** Groups of the inventory that it came from. */
  groups?: readonly string[] | undefined;
}

type NameChoice = Extract<Choice, { kind: "name" }>;

/**
 * The hosts that `expression` means (see expression.ts), in the order of `hosts`. With `environment` a name without one
 * is looked for there alone, and labels, groups and `!` are about the hosts there and those that the expression names
 * with their environment. May be empty where patterns, labels and groups meet no host. Throws a ChoiceError that marks
 * the place: bad syntax, or a name, label or group that no host has.
 */
export function chooseHosts<H extends ChoosableHost>(
  expression: string,
  hosts: readonly H[],
  { environment }: { environment?: string | undefined } = {},
): H[] {
  const choice = parseChoice(expression);
  const named = new Map<NameChoice, ReadonlySet<H>>();
  for (const one of namesIn(choice)) named.set(one, findNamed(expression, one, hosts, environment));
  const elsewhere = [...named].filter(([one]) => one.environment !== undefined).map(([, found]) => found);
  const scope = hosts.filter(
    (host) =>
      environment === undefined ||
      host.environment === environment ||
      elsewhere.some((found) => found.has(host)),
  );
  checkWords(expression, choice, scope);
  return scope.filter((host) => holds(choice, host, named));
}

function holds<H extends ChoosableHost>(
  choice: Choice,
  host: H,
  named: ReadonlyMap<NameChoice, ReadonlySet<H>>,
): boolean {
  switch (choice.kind) {
    case "all":
      return choice.of.every((one) => holds(one, host, named));
    case "any":
      return choice.of.some((one) => holds(one, host, named));
    case "not":
      return !holds(choice.of, host, named);
    case "group":
      return (host.groups ?? []).some((group) => matchesGlob(choice.pattern, group));
    case "label": {
      const value = labelOf(host, choice.key);
      return (value !== undefined && choice.values.some((one) => matchesGlob(one, value))) !== choice.negated;
    }
    case "name":
      return named.get(choice)?.has(host) === true;
  }
}

/** `env` and `name` are labels that every host has. */
const labelOf = (host: ChoosableHost, key: string): string | undefined =>
  Object.hasOwn(host.labels, key)
    ? host.labels[key]
    : key === "env"
      ? host.environment
      : key === "name"
        ? host.name
        : undefined;

function* leaves(choice: Choice): Generator<Exclude<Choice, { kind: "all" | "any" | "not" }>> {
  switch (choice.kind) {
    case "all":
    case "any":
      for (const one of choice.of) yield* leaves(one);
      return;
    case "not":
      return yield* leaves(choice.of);
    case "group":
    case "label":
    case "name":
      yield choice;
  }
}

function* namesIn(choice: Choice): Generator<NameChoice> {
  for (const leaf of leaves(choice)) if (leaf.kind === "name") yield leaf;
}

function findNamed<H extends ChoosableHost>(
  expression: string,
  choice: NameChoice,
  hosts: readonly H[],
  environment: string | undefined,
): ReadonlySet<H> {
  const expand = (pattern: string): string[] => {
    const names = expandRanges(pattern);
    if (Array.isArray(names)) return names;
    throw new ChoiceError(
      expression,
      choice.at,
      `"${choice.text}" ${names.wrong}`,
      "Write for example web-[1-3].",
    );
  };
  const inEnvironment = choice.environment ?? environment;
  const environments = inEnvironment === undefined ? ["*"] : expand(inEnvironment);
  const within = hosts.filter((host) => environments.some((one) => matchesGlob(one, host.environment)));
  const found = new Set<H>();
  const byName = Map.groupBy(within, ({ name }) => name);
  for (const pattern of expand(choice.pattern)) {
    const matching = isGlob(pattern)
      ? within.filter(({ name }) => matchesGlob(pattern, name))
      : (byName.get(pattern) ?? []);
    // A name that is written out is meant; a pattern may meet nothing.
    if (matching.length === 0 && !isGlob(pattern))
      throw unknownHost({ expression, choice, pattern, within, hosts, inEnvironment });
    for (const host of matching) found.add(host);
  }
  return found;
}

function unknownHost(about: {
  expression: string;
  choice: NameChoice;
  pattern: string;
  within: readonly ChoosableHost[];
  hosts: readonly ChoosableHost[];
  inEnvironment: string | undefined;
}): ChoiceError {
  const { expression, choice, pattern, within, hosts, inEnvironment } = about;
  const where = inEnvironment === undefined ? "" : ` in ${inEnvironment}`;
  const elsewhere = hosts.find(({ name }) => name === pattern);
  const environments = [...new Set(hosts.map(({ environment }) => environment))];
  const names = within.map(({ name }) => name);
  if (choice.environment !== undefined && within.length === 0)
    return new ChoiceError(
      expression,
      choice.at,
      `There is no environment "${choice.environment}" with hosts`,
      suggestion(choice.environment, environments, "environments"),
    );
  const hint = elsewhere
    ? `There is ${elsewhere.environment}/${elsewhere.name}: write it so.`
    : suggestion(pattern, names, "hosts");
  return new ChoiceError(expression, choice.at, `There is no host "${pattern}"${where}`, hint);
}

/** Labels and groups that no host has are mistakes, not empty sets: `!rol=web` would mean every host. */
function checkWords(expression: string, choice: Choice, hosts: readonly ChoosableHost[]): void {
  const groups = [...new Set(hosts.flatMap((host) => host.groups ?? []))];
  const labels = [...new Set(hosts.flatMap((host) => Object.keys(host.labels)))];
  for (const leaf of leaves(choice)) {
    if (leaf.kind === "group" && !groups.some((group) => matchesGlob(leaf.pattern, group)))
      throw new ChoiceError(
        expression,
        leaf.at,
        `No host is in a group "${leaf.pattern}"`,
        suggestion(leaf.pattern, groups, "groups"),
      );
    if (leaf.kind === "label" && leaf.key !== "env" && leaf.key !== "name" && !labels.includes(leaf.key))
      throw new ChoiceError(
        expression,
        leaf.at,
        `No host has a label "${leaf.key}"`,
        suggestion(leaf.key, labels, "labels"),
      );
  }
}

function suggestion(typed: string, known: readonly string[], what: string): string {
  const nearest = closestName(typed, known);
  if (nearest !== undefined) return `Did you mean ${nearest}?`;
  if (known.length === 0) return `There are no ${what} yet.`;
  const some = known.slice(0, 8).join(", ");
  return `There are these ${what}: ${some}${known.length > 8 ? ` and ${known.length - 8} more` : ""}.`;
}
