import { type CheckState, parseAddress, type Resource } from "@havn/model";
import type { Rule as GroupRule, RulesProperties } from "@havn/prometheus";
import type { Probe, Rule } from "../store.ts";
import type { Certainty, PossibleLabels } from "./covers.ts";

/** Something that alerts may speak of, with the labels that they would have. */
export interface Subject {
  kind: "check" | "rule" | "resource";
  address: string;
  name: string;
  environment: string;
  /** What is wrong, as its alert is called; a resource has several. */
  alertname: string;
  /** Of a check: how it is now. */
  state?: CheckState | undefined;
  labels: PossibleLabels;
}

/** A subject that something covers. "maybe": it depends on labels that only its series tell. */
export type Covered = Omit<Subject, "labels"> & { certainty: Exclude<Certainty, "no"> };

export const checkSubject = ({ address, name, environment, host, properties }: Probe): Subject => ({
  ...{ kind: "check", address, name, environment, alertname: `check ${name}` },
  labels: {
    known: {
      ...of(properties.labels),
      ...{ check: [name], alertname: [`check ${name}`], env: [environment], resource: [address] },
      // A warning of it wakes nobody.
      severity: properties.severity === "critical" ? ["critical", "warning"] : [properties.severity],
      ...(host !== "" && { host: [parseAddress(host).name] }),
    },
    open: properties.volatile,
  },
});

export const ruleSubject = ({ address, name, environment, properties }: Rule): Subject => ({
  ...{ kind: "rule", address, name, environment, alertname: name },
  labels: {
    known: { alertname: [name], env: [environment], severity: [properties.severity] },
    open: true,
  },
});

/** The alerting rules of a group in Prometheus' form. */
export const groupSubjects = (group: {
  address: string;
  environment: string;
  properties: RulesProperties;
}): Subject[] =>
  group.properties.rules.flatMap((rule) => {
    if (rule.alert === undefined) return [];
    const { address, environment } = group;
    return [
      {
        ...{ kind: "rule" as const, address, name: rule.alert, environment, alertname: rule.alert },
        labels: { known: { ...written(rule), alertname: [rule.alert], env: [environment] }, open: true },
      },
    ];
  });

/** Labels that are filled in can be anything. */
const written = ({ labels = {} }: GroupRule) =>
  of(Object.fromEntries(Object.entries(labels).filter(([, value]) => !value.includes("{{"))));

/** What Havn watches by itself of hosts and services. */
export function resourceSubjects(environment: string, resources: readonly Resource[]): Subject[] {
  return resources.flatMap(({ address, type, name, properties }) => {
    const subject = (
      alertname: string,
      labels: Readonly<Record<string, readonly string[]>>,
      open = false,
    ) => ({
      ...{ kind: "resource" as const, address, name, environment, alertname },
      labels: { known: { env: [environment], alertname: [alertname], resource: [address], ...labels }, open },
    });
    if (type === "host") return [subject("host lost", { host: [name], severity: ["critical"] })];
    if (type !== "service") return [];
    const hosts = hostsOf(properties);
    const service = { service: [name] };
    return [
      subject(
        "instance not healthy",
        { ...service, severity: ["critical"], ...(hosts.length > 0 && { host: hosts }) },
        true,
      ),
      subject("service below wanted instances", {
        ...{ ...service, severity: ["critical", "warning"], host: ["", ...hosts] },
      }),
    ];
  });
}

const hostsOf = ({ hosts }: Record<string, unknown>): string[] =>
  Array.isArray(hosts) ? hosts.filter((host) => typeof host === "string") : [];

const of = (labels: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, [value]]));
