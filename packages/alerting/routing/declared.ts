import { HavnError, parseDuration, type RouteProperties } from "@havn/model";
import type { InhibitRule } from "./inhibit.ts";
import { intervalFault } from "./intervals.ts";
import { type Matcher, parseMatcher } from "./matchers.ts";
import type { DeclaredRoute } from "./store.ts";
import type { RouteNode } from "./tree.ts";

/**
 * One tree of all that is declared: an environment's routes see its own alerts and those that came from elsewhere
 * without an environment. What no route takes is shown, and told to nobody.
 */
export function treeOf(declared: readonly DeclaredRoute[]): RouteNode {
  const environments = [...new Set(declared.map(({ environment }) => environment))].sort();
  return {
    routes: environments.map((environment) => ({
      receiver: "",
      matchers: [ofEnvironment(environment)],
      continue: true,
      routes: declared
        .filter((route) => route.environment === environment)
        .map(({ properties }) => nodeOf(environment, properties)),
    })),
  };
}

/** Its own alerts, and those that came from elsewhere without an environment. */
const ofEnvironment = (environment: string): Matcher => ({
  ...{ name: "env", operator: "=~", value: `${environment}|` },
});

function nodeOf(environment: string, properties: RouteProperties): RouteNode {
  const { receiver, match, groupWait, groupInterval, repeatInterval, routes, ...rest } = properties;
  const time = (text: string | undefined) => (text === undefined ? undefined : parseDuration(text));
  return {
    ...rest,
    receiver: receiver === undefined ? undefined : receiverAddress(environment, receiver),
    matchers: match?.map(parseMatcher),
    groupWait: time(groupWait),
    groupInterval: time(groupInterval),
    repeatInterval: time(repeatInterval),
    routes: routes?.map((route) => nodeOf(environment, route)),
  };
}

const receiverAddress = (environment: string, name: string) =>
  name.includes("/") ? name : `${environment}/receiver/${name}`;

/** Within an environment. What Havn knows by itself is decided in holding/topology.ts. */
export function inhibitionOf(declared: readonly DeclaredRoute[]): InhibitRule[] {
  return declared.flatMap(({ environment, properties }) =>
    (properties.inhibit ?? []).map(({ source, target, equal }) => ({
      source: [ofEnvironment(environment), ...source.map(parseMatcher)],
      target: [ofEnvironment(environment), ...target.map(parseMatcher)],
      equal: ["env", ...equal],
    })),
  );
}

/** Throws a HavnError (400) for what only shows when it is read closely. */
export function requireReadable(environment: string, properties: RouteProperties): void {
  nodeOf(environment, properties);
  const visit = (route: RouteProperties): void => {
    for (const interval of [...(route.muteIn ?? []), ...(route.activeIn ?? [])]) {
      const fault = intervalFault(interval);
      if (fault)
        throw new HavnError("A time interval of a route cannot be read", { status: 400, detail: fault });
    }
    for (const { source, target } of route.inhibit ?? []) [...source, ...target].map(parseMatcher);
    for (const child of route.routes ?? []) visit(child);
  };
  visit(properties);
}
