import { formatDuration } from "@havn/model";
import type { PlannedPause, PlannedPeriod, PlannedReceiver } from "../imports/module.ts";
import { createLabels } from "../imports/names.ts";
import { intervalsOf, isLimited, pausesOf, type TimePeriod } from "../imports/periods.ts";
import { levelsOf, type Person, type Span } from "../imports/telling.ts";
import type { NagiosConfiguration, NagiosEscalation } from "./expand.ts";
import { listOf } from "./resolve.ts";

type Values = ReadonlyMap<string, string>;

/** Whom to tell of which checks, and when of none. */
export interface Telling {
  people: Person[];
  receivers: PlannedReceiver[];
  periods: PlannedPeriod[];
  pauses: PlannedPause[];
}

/** Collects, check by check, what routes need to know. */
export interface Whom {
  /** Labels of a check: `of` is `host` or `host;service`. */
  labels(of: string, values: Values): Record<string, string>;
  all(): Telling;
}

export function createWhom(
  configuration: NagiosConfiguration,
  { unit, note }: { unit: number; note(text: string): void },
): Whom {
  const people = new Map(
    configuration.contacts.map(({ values }) => [
      values.get("contact_name") ?? "",
      (values.get("email")?.split(/[,\s]+/) ?? []).filter((one) => one.includes("@")),
    ]),
  );
  const groups = new Map(configuration.contactgroups.map(({ name, members }) => [name, members]));
  const escalations = Map.groupBy(
    [...configuration.hostescalations, ...configuration.serviceescalations],
    (one) => one.of,
  );
  const receivers = new Map<string, PlannedReceiver>();
  const checkPeriods = new Map<string, PlannedPause>();
  const periods = new Map<string, PlannedPeriod>();
  const labelOf = createLabels();
  const policies = new Map<string, string>();

  const reachable = (names: readonly string[]): string[] =>
    [...new Set(names)].filter((name) => (people.get(name) ?? []).length > 0);
  const namedIn = (values: Values): string[] => [
    ...listOf(values.get("contacts")),
    ...listOf(values.get("contact_groups")).flatMap((group) => groups.get(group) ?? []),
  ];

  /** The name of a period that is less than always. */
  function limited(name: string | undefined): string | undefined {
    const period = periodNamed(name, configuration);
    if (name === undefined || !isLimited(period)) return undefined;
    if (!periods.has(name)) periods.set(name, { name, ...intervalsOf(period, note) });
    return name;
  }

  function told(kind: "contact_groups" | "contacts", name: string, values: Values): void {
    const period = limited(values.get("notification_period"));
    const interval = Number(values.get("notification_interval") ?? 0);
    const key = `${kind} ${name} ${period ?? ""}`;
    if (receivers.has(key)) return;
    const members = kind === "contacts" ? [name] : (groups.get(name) ?? []);
    const emails = [...new Set(reachable(members).flatMap((one) => people.get(one) ?? []))];
    if (emails.length === 0) {
      note(
        kind === "contacts"
          ? `Contact "${name}" has no e-mail address: nobody is told`
          : `Contact group "${name}" has no member with an e-mail address: nobody is told`,
      );
      return;
    }
    receivers.set(key, {
      name,
      match: [
        `${kind}=~".*,${name.replaceAll(/[\\^$.|?*+()[\]{}]/g, "[$&]")},.*"`,
        ...(period === undefined ? [] : [`notification_period="${period}"`]),
      ],
      ...{ emails, levels: [], period },
      repeat: interval > 0 ? formatDuration(interval * unit * 1000) : undefined,
    });
  }

  /** A policy with levels, for all checks with the same people and the same escalations. */
  function policyOf(of: string, values: Values): string | undefined {
    const some = escalations.get(of) ?? [];
    if (some.length === 0) return undefined;
    const base = Number(values.get("notification_interval") ?? 30) * unit;
    const spans = spansOf(some, {
      base,
      unit,
      people: reachable(namedIn(values)),
      named: (one) => reachable(namedIn(one)),
    });
    const levels = levelsOf(spans, base);
    if (levels.length === 0) {
      note(`Escalations of ${of} name nobody with an e-mail address`);
      return undefined;
    }
    for (const { values: about } of some)
      if (about.has("escalation_period") || about.has("escalation_options"))
        note("Escalations at some times or for some states only are taken for all of them");
    const period = limited(values.get("notification_period"));
    const key = JSON.stringify([levels, period]);
    const known = policies.get(key);
    if (known !== undefined) return known;
    const name = labelOf(`${listOf(some[0]?.values.get("contact_groups")).join("-") || of}-escalation`);
    policies.set(key, name);
    receivers.set(`policy ${name}`, {
      ...{ name, match: [`escalation="${name}"`], emails: [], levels, period, repeat: undefined },
    });
    return name;
  }

  function checkedIn(name: string | undefined): string | undefined {
    const period = periodNamed(name, configuration);
    if (name === undefined || !isLimited(period)) return undefined;
    if (!checkPeriods.has(name))
      checkPeriods.set(name, { name, match: [`check_period="${name}"`], windows: pausesOf(period, note) });
    return name;
  }

  return {
    labels(of, values) {
      const [named, contacts] = [listOf(values.get("contact_groups")), listOf(values.get("contacts"))];
      for (const name of named) told("contact_groups", name, values);
      for (const name of contacts) told("contacts", name, values);
      const period = limited(values.get("notification_period"));
      const checked = checkedIn(values.get("check_period"));
      const escalation = policyOf(of, values);
      return {
        // Between commas, so that a matcher finds a whole name.
        ...(named.length > 0 && { contact_groups: `,${named.join(",")},` }),
        ...(contacts.length > 0 && { contacts: `,${contacts.join(",")},` }),
        ...(period !== undefined && { notification_period: period }),
        ...(checked !== undefined && { check_period: checked }),
        ...(escalation !== undefined && { escalation }),
      };
    },
    all: () => {
      const inUse = [...receivers.values()];
      const some = inUse.some(({ period, levels }) => period !== undefined && levels.length === 0);
      return {
        people: [...people].map(([name, emails]) => ({ name, emails })),
        // Where some are told at times only, what is told always must not be theirs.
        receivers: inUse.map((one) =>
          some && one.period === undefined && one.levels.length === 0
            ? { ...one, match: [...one.match, 'notification_period=""'] }
            : one,
        ),
        periods: [...periods.values()],
        pauses: [...checkPeriods.values()].filter(({ windows }) => windows.length > 0),
      };
    },
  };
}

/** Who is told of which notification is whom its escalations name, and nobody else; times come from their intervals. */
function spansOf(
  escalations: readonly NagiosEscalation[],
  {
    base,
    unit,
    people,
    named,
  }: { base: number; unit: number; people: readonly string[]; named(values: Values): string[] },
): Span[] {
  const all = escalations.map(({ values }) => {
    const last = Number(values.get("last_notification") ?? 0);
    return {
      first: Math.max(1, Number(values.get("first_notification") ?? 1)),
      last: last === 0 ? Number.POSITIVE_INFINITY : last,
      interval: Number(values.get("notification_interval") ?? 0) * unit,
      people: named(values),
    };
  });
  const edges = all.flatMap(({ first, last }) => (Number.isFinite(last) ? [first, last + 1] : [first]));
  const spans: Span[] = [];
  let begin = 0;
  for (let number = 1; number <= Math.min(1000, Math.max(...edges)); number++) {
    const active = all.filter(({ first, last }) => first <= number && number <= last);
    const intervals = active.map(({ interval }) => interval).filter((one) => one > 0);
    const interval = intervals.length > 0 ? Math.min(...intervals) : base;
    const isLast = number === Math.max(...edges);
    const told = active.length > 0 ? [...new Set(active.flatMap((one) => one.people))] : people;
    const before = spans.at(-1);
    const end = isLast || interval <= 0 ? undefined : begin + interval;
    if (before && before.people.join() === told.join()) before.end = end;
    else spans.push({ people: told, begin, end });
    if (end === undefined) break;
    begin = end;
  }
  return spans;
}

function periodNamed(
  name: string | undefined,
  configuration: NagiosConfiguration,
  above: readonly string[] = [],
): TimePeriod | undefined {
  const found = configuration.timeperiods.find(({ values }) => values.get("timeperiod_name") === name);
  if (!found || name === undefined) return undefined;
  const known = new Set(["timeperiod_name", "alias", "exclude"]);
  return {
    name,
    days: new Map([...found.values].filter(([day]) => !known.has(day))),
    excludes: listOf(found.values.get("exclude"))
      .filter((other) => !above.includes(other))
      .flatMap((other) => periodNamed(other, configuration, [...above, name]) ?? []),
  };
}
