import { type Address, type Expected, type KnownMaintenance, type Labels, parseAddress } from "@havn/model";
import { type Matcher, matchesAll, parseMatcher } from "../routing/matchers.ts";
import type { Probe } from "../store.ts";

/** Why an alert is shown, and nobody told of it now. */
export interface Hold {
  kind: "maintenance" | "deploy" | "apply" | "reboot" | "behind";
  /** Of what holds it. */
  id: string;
  /** For people: "maintenance of user:ada: new disk". */
  reason: string;
  /** Milliseconds since the epoch; unknown where it lasts as long as something else fails. */
  until?: number | undefined;
}

/** What holds alerts back, while it is open: those that one of these lists of matchers covers. */
export interface Mute {
  hold: Hold;
  any: readonly (readonly Matcher[])[];
  /** Only alerts that say whether something is there and well. */
  presenceOnly?: boolean;
}

const equal = (name: string, value: string): Matcher => ({ name, operator: "=", value });
/** Alerts of others need not say which environment they are of. */
const ofEnvironment = (environment: string): Matcher => ({
  ...{ name: "env", operator: "=~", value: `${environment}|` },
});
const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * What lies in these places, as alerts' labels tell it. Nothing that names no place is taken for a part of an
 * environment that it does not name.
 */
export function placesOf(
  environment: string,
  of: readonly Address[] | null,
  match: readonly Matcher[],
): Matcher[][] {
  if (of === null)
    return [[match.length === 0 ? equal("env", environment) : ofEnvironment(environment), ...match]];
  return of.flatMap((address) => {
    const { type, name } = parseAddress(address);
    const within = (...own: Matcher[]) => [ofEnvironment(environment), ...own, ...match];
    if (type === "host")
      return [
        within(equal("host", name)),
        within({
          name: "resource",
          operator: "=~",
          value: `${quoted(environment)}/[^/]+/${quoted(name)}:.*`,
        }),
      ];
    if (type === "service") return [within(equal("service", name)), within(equal("resource", address))];
    return [within(equal("resource", address))];
  });
}

/** While it is open; undefined otherwise. */
export function maintenanceMute(known: KnownMaintenance, now: number): Mute | undefined {
  const until = known.openUntil(now);
  if (until === undefined) return undefined;
  const { id, environment, of, match, reason, actor } = known;
  return {
    hold: { kind: "maintenance", id, until, reason: `maintenance of ${actor}: ${reason}` },
    any: placesOf(environment, of, match.map(parseMatcher)),
  };
}

/** What is expected, as it is kept. */
export interface KeptExpected extends Expected {
  /** Milliseconds since the epoch. */
  until: number;
}

export function expectedMute(one: KeptExpected, probes: Iterable<Probe>): Mute {
  const { id, kind, environment, about, reason, until } = one;
  const hold: Hold = { kind, id, reason, until };
  const here = [equal("env", environment), equal("host", about.host)];
  if ("service" in about)
    return { hold, any: [[...here, equal("service", about.service)]], presenceOnly: true };
  if (!("units" in about)) return { hold, any: [here] };
  const names = about.units.map((unit) => (unit.includes(".") ? unit : `${unit}.service`));
  const checks = [...probes].filter(
    ({ host, properties: { probe } }) =>
      probe.kind === "unit" &&
      host === `${environment}/host/${about.host}` &&
      typeof probe.unit === "string" &&
      names.includes(probe.unit.includes(".") ? probe.unit : `${probe.unit}.service`),
  );
  return {
    hold,
    any: [
      ...checks.map(({ address }) => [equal("resource", address)]),
      // As node_exporter names a unit, and as others do.
      ...names.flatMap((name) => ["name", "unit"].map((label) => [...here, equal(label, name)])),
      ...names.map((name) => [
        ...here,
        equal("resource", `${environment}/systemd.unit/${about.host}:${name}`),
      ]),
    ],
  };
}

export const isCovered = ({ any }: Pick<Mute, "any">, labels: Labels): boolean =>
  any.some((matchers) => matchesAll(matchers, labels));
