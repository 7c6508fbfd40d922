import { formatDuration } from "@havn/model";
import type { PlannedPause, PlannedPeriod, PlannedReceiver } from "../imports/module.ts";
import { createLabels } from "../imports/names.ts";
import { intervalsOf, isLimited, pausesOf, type TimePeriod } from "../imports/periods.ts";
import { levelsOf, type Person } from "../imports/telling.ts";
import { Dictionary, textOf, type Value } from "./language/values.ts";
import type { IcingaConfiguration, IcingaObject } from "./objects.ts";

/** Whom notifications tell of which checks. */
export interface IcingaWhom {
  labels(one: IcingaObject): Record<string, string>;
  /** All groups of a host or service, with those that its groups are in. */
  groupsOf(one: IcingaObject): string[];
  all(): {
    people: Person[];
    receivers: PlannedReceiver[];
    periods: PlannedPeriod[];
    pauses: PlannedPause[];
  };
}

export function createIcingaWhom(
  configuration: IcingaConfiguration,
  note: (text: string) => void,
): IcingaWhom {
  const of = (type: string) => configuration.objects.get(type) ?? [];
  const users = new Map(of("User").map((one) => [one.name, one]));
  const groups = new Map(
    ["HostGroup", "ServiceGroup", "UserGroup"].map((type) => [type, nestedIn(of(type))]),
  );
  const timeperiods = new Map(of("TimePeriod").map((one) => [one.name, one]));
  const notifications = Map.groupBy(of("Notification"), ({ fields }) =>
    [textOf(fields.get("host_name")), textOf(fields.get("service_name"))]
      .filter((part) => part !== "")
      .join("!"),
  );
  const receivers = new Map<string, PlannedReceiver>();
  const periods = new Map<string, PlannedPeriod>();
  const pauses = new Map<string, PlannedPause>();
  const labelOf = createLabels();

  function groupsOf({ type, fields }: IcingaObject): string[] {
    const above = groups.get(`${type}Group`) ?? new Map<string, string[]>();
    const found = new Set<string>();
    const add = (name: string) => {
      if (found.has(name)) return;
      found.add(name);
      for (const one of above.get(name) ?? []) add(one);
    };
    for (const name of listOf(fields.get("groups"))) add(name);
    return [...found].sort();
  }

  const emailsOf = (name: string): string[] => {
    const user = users.get(name);
    if (!user || user.fields.get("enable_notifications") === false) return [];
    return textOf(user.fields.get("email"))
      .split(/[,\s]+/)
      .filter((one) => one.includes("@"));
  };
  const namedBy = ({ fields }: IcingaObject): string[] => {
    const inGroups = listOf(fields.get("user_groups")).flatMap((group) =>
      [...users.values()].filter((user) => groupsOf(user).includes(group)).map(({ name }) => name),
    );
    return [...new Set([...listOf(fields.get("users")), ...inGroups])].filter(
      (name) => emailsOf(name).length > 0,
    );
  };

  function limited(name: string): string | undefined {
    const period = periodNamed(name, timeperiods);
    if (!isLimited(period)) return undefined;
    if (!periods.has(name)) periods.set(name, { name, ...intervalsOf(period, note) });
    return name;
  }

  /** The receiver that tells these people in this way; the same for all objects for which it is the same. */
  function receiverOf(title: string, about: Omit<PlannedReceiver, "name" | "match">, label: string): string {
    const key = JSON.stringify([title, label, about]);
    const known = receivers.get(key);
    if (known) return known.name;
    const name = labelOf(title);
    const match = label === "escalation" ? `escalation="${name}"` : `${label}=~".*,${name},.*"`;
    receivers.set(key, { name, match: [match], ...about });
    return name;
  }

  function told(one: IcingaObject, all: readonly IcingaObject[]): Record<string, string> {
    const some = all.filter((each) => {
      const isThere = namedBy(each).length > 0;
      if (!isThere)
        note(`Notification "${textOf(each.fields.get("name"))}" names nobody with an e-mail address`);
      return isThere && tellsProblems(each, note);
    });
    const spans = some.map((each) => ({ people: namedBy(each), ...timesOf(each) }));
    const isEscalated = spans.some(({ begin, end }) => begin > 0 || end !== undefined);
    if (isEscalated) {
      const levels = levelsOf(
        spans,
        Math.max(...some.map((each) => Number(each.fields.get("interval") ?? 0))),
      );
      const period = some
        .map((each) => limited(textOf(each.fields.get("period"))))
        .find((each) => each !== undefined);
      if (period !== undefined) note(`Escalations of ${one.name} hold in one time period: ${period}`);
      const title = `${textOf(some[0]?.fields.get("name") ?? null)}-escalation`;
      return {
        escalation: receiverOf(title, { emails: [], levels, period, repeat: undefined }, "escalation"),
      };
    }
    const names = some.map((each) => {
      const interval = Number(each.fields.get("interval") ?? 0);
      if (interval <= 0)
        note("Notifications that are never repeated: routes repeat them after their usual time");
      const about = {
        emails: [...new Set(namedBy(each).flatMap(emailsOf))],
        levels: [],
        period: limited(textOf(each.fields.get("period"))),
        repeat: interval > 0 ? formatDuration(Math.round(interval) * 1000) : undefined,
      };
      return receiverOf(textOf(each.fields.get("name")), about, "notifications");
    });
    // Between commas, so that a matcher finds a whole name.
    return names.length > 0 ? { notifications: `,${[...new Set(names)].join(",")},` } : {};
  }

  function checkPeriod({ fields }: IcingaObject): Record<string, string> {
    const name = textOf(fields.get("check_period"));
    const period = periodNamed(name, timeperiods);
    if (!isLimited(period)) return {};
    if (!pauses.has(name))
      pauses.set(name, { name, match: [`check_period="${name}"`], windows: pausesOf(period, note) });
    return { check_period: name };
  }

  return {
    groupsOf,
    labels: (one) => ({ ...told(one, notifications.get(one.name) ?? []), ...checkPeriod(one) }),
    all: () => ({
      people: [...users.keys()].map((name) => ({ name, emails: emailsOf(name) })),
      receivers: [...receivers.values()],
      periods: [...periods.values()],
      pauses: [...pauses.values()].filter(({ windows }) => windows.length > 0),
    }),
  };
}

/** Whether it tells that something is wrong; those for acknowledgements or ends alone have no place here. */
function tellsProblems({ fields }: IcingaObject, note: (text: string) => void): boolean {
  const types = listOf(fields.get("types"));
  if (types.length > 0 && !types.includes("Problem")) {
    note(
      `Notification "${textOf(fields.get("name"))}" tells no problems: routes tell problems and their ends`,
    );
    return false;
  }
  const states = listOf(fields.get("states"));
  const all = textOf(fields.get("service_name")) === "" ? ["Down"] : ["Warning", "Critical", "Unknown"];
  if (states.length > 0 && all.some((state) => !states.includes(state)))
    note(`Notification "${textOf(fields.get("name"))}" is for some states: match its route by severity`);
  return true;
}

function timesOf({ fields }: IcingaObject): { begin: number; end: number | undefined } {
  const times = fields.get("times");
  if (!(times instanceof Dictionary)) return { begin: 0, end: undefined };
  const end = times.get("end");
  return { begin: Number(times.get("begin") ?? 0), end: end === null ? undefined : Number(end) };
}

const listOf = (value: Value): string[] => (Array.isArray(value) ? value.map(textOf) : []);

/** Groups by the groups in them. */
const nestedIn = (all: readonly IcingaObject[]): Map<string, string[]> =>
  new Map(all.map(({ name, fields }) => [name, listOf(fields.get("groups"))]));

function periodNamed(
  name: string,
  all: ReadonlyMap<string, IcingaObject>,
  above: readonly string[] = [],
): TimePeriod | undefined {
  const found = all.get(name);
  if (!found) return undefined;
  const ranges = found.fields.get("ranges");
  const others = (field: string) =>
    listOf(found.fields.get(field))
      .filter((other) => !above.includes(other))
      .flatMap((other) => periodNamed(other, all, [...above, name]) ?? []);
  const days = new Map<string, string>();
  for (const included of others("includes"))
    for (const [day, hours] of included.days) days.set(day, [days.get(day), hours].filter(Boolean).join(","));
  if (ranges instanceof Dictionary)
    for (const day of ranges.keys())
      days.set(day, [days.get(day), textOf(ranges.get(day))].filter(Boolean).join(","));
  return { name, days, excludes: others("excludes") };
}
