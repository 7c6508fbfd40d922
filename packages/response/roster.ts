import {
  type ContactProperties,
  contactProperties,
  type EscalationProperties,
  escalationProperties,
  formatAddress,
  parseDuration,
  type ReceiverProperties,
  type RunbookProperties,
  receiverProperties,
  runbookProperties,
  type ScheduleProperties,
  type StatusPageProperties,
  scheduleProperties,
  statusPageProperties,
  teamProperties,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { z } from "zod";
import { type Escalation, type Roster, type SnapshotLevel, snapshot } from "./schedules/escalation.ts";
import type { Schedule } from "./schedules/schedule.ts";
import { parseWall } from "./schedules/zone.ts";
import * as store from "./store.ts";

/** Everything that was declared about people, and who stands in for whom. */
export interface People {
  reload(): Promise<void>;
  contact(environment: string, name: string): ContactProperties | undefined;
  contacts(environment: string): { name: string; identity: string | null }[];
  receiver(address: string): ReceiverProperties | undefined;
  receivers(): { environment: string; name: string; properties: ReceiverProperties }[];
  escalation(environment: string, name: string): EscalationProperties | undefined;
  schedules(): { environment: string; schedule: Schedule; revision: number }[];
  runbooks(): { environment: string; name: string; properties: RunbookProperties }[];
  statusPages(): { environment: string; name: string; properties: StatusPageProperties }[];
  /** Whom an escalation asks when it begins now; everyone where nobody of a level is left, unless there is no last resort. */
  snapshot(
    environment: string,
    escalation: EscalationProperties,
    at: number | { at: number; lastResort: false },
  ): { levels: SnapshotLevel[]; missing: string[] };
}

export async function loadPeople(sql: Sql): Promise<People> {
  let declared = new Map<string, store.Declared>();
  let overrides: store.OverrideRow[] = [];
  const find = (environment: string, type: string, name: string) =>
    declared.get(formatAddress({ environment, type, name }))?.properties;
  const scheduleNamed = (environment: string, name: string): Schedule | undefined => {
    const address = formatAddress({ environment, type: "schedule", name });
    const found = declared.get(address);
    if (!found) return undefined;
    const own = overrides.filter(({ schedule }) => schedule === address);
    return scheduleOf(name, scheduleProperties.parse(found.properties), own);
  };
  const rosterOf = (environment: string): Roster => ({
    schedule: (name) => scheduleNamed(environment, name),
    team: (name) => teamProperties.safeParse(find(environment, "team", name)).data?.members,
    hasPerson: (name) => find(environment, "contact", name) !== undefined,
  });
  const allOf = <T>(type: string, schema: z.ZodType<T>) =>
    [...declared.values()].flatMap((one) => {
      const { environment, name } = one;
      const properties = one.type === type ? schema.safeParse(one.properties).data : undefined;
      return properties ? [{ environment, name, properties }] : [];
    });
  const people: People = {
    async reload() {
      declared = new Map((await store.listDeclared(sql)).map((one) => [one.address, one]));
      overrides = await store.listOverrides(sql);
    },
    contact: (environment, name) => contactProperties.safeParse(find(environment, "contact", name)).data,
    contacts: (environment) =>
      allOf("contact", contactProperties)
        .filter((one) => one.environment === environment)
        .map(({ name, properties }) => ({ name, identity: properties.identity ?? null })),
    receiver: (address) => receiverProperties.safeParse(declared.get(address)?.properties).data,
    receivers: () => allOf("receiver", receiverProperties),
    escalation: (environment, name) =>
      escalationProperties.safeParse(find(environment, "escalation", name)).data,
    schedules: () =>
      [...declared.values()].flatMap(({ type, environment, name, revision }) => {
        const schedule = type === "schedule" ? scheduleNamed(environment, name) : undefined;
        return schedule ? [{ environment, schedule, revision: revision + schedule.overrides.length }] : [];
      }),
    runbooks: () => allOf("runbook", runbookProperties),
    statusPages: () => allOf("statuspage", statusPageProperties),
    snapshot(environment, properties, when) {
      const at = typeof when === "number" ? when : when.at;
      const everyone = [...declared.values()].filter(
        (one) => one.type === "contact" && one.environment === environment,
      );
      return snapshot(escalationOf(properties), {
        ...{
          roster: rosterOf(environment),
          at,
          lastResort: typeof when === "number" ? everyone.map(({ name }) => name) : [],
        },
      });
    },
  };
  await people.reload();
  return people;
}

const escalationOf = ({ levels }: EscalationProperties): Escalation => ({
  levels: levels.map(({ targets, timeout }) => ({ targets, timeout: parseDuration(timeout) })),
});

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const minutesOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

/** A declared schedule as it is asked. */
export function scheduleOf(
  name: string,
  { zone, layers, fallback }: ScheduleProperties,
  overrides: readonly store.OverrideRow[],
): Schedule {
  return {
    ...{ name, zone, fallback },
    overrides: overrides.filter((one) => !store.isSwap(one)),
    swaps: overrides.filter(store.isSwap),
    layers: layers.map(({ start, until, every, windows, ...layer }) => ({
      ...layer,
      start: parseWall(start),
      ...(until !== undefined && { until: parseWall(until) }),
      shift: every,
      ...(windows && {
        windows: windows.map((window) => ({
          ...(window.weekdays && { weekdays: window.weekdays.map((day) => weekdays.indexOf(day)) }),
          ...{ start: minutesOf(window.start), end: minutesOf(window.end) },
        })),
      }),
    })),
  };
}
