import type { Diagnostic } from "@havn/model";
import type { NagiosObject } from "./parse.ts";
import { listOf } from "./resolve.ts";

/** What a configuration means once groups, lists and exclusions are spelled out. Names are sorted. */
export interface NagiosConfiguration {
  hosts: NagiosHost[];
  services: NagiosService[];
  hostgroups: NagiosGroup[];
  /** Members are `host;service`. */
  servicegroups: NagiosGroup[];
  contacts: NagiosObject[];
  contactgroups: NagiosGroup[];
  commands: Map<string, string>;
  timeperiods: NagiosObject[];
  hostdependencies: NagiosDependency[];
  servicedependencies: NagiosDependency[];
  hostescalations: NagiosEscalation[];
  serviceescalations: NagiosEscalation[];
  diagnostics: Diagnostic[];
}

export interface NagiosHost {
  name: string;
  values: ReadonlyMap<string, string>;
  groups: string[];
}
export interface NagiosService {
  host: string;
  description: string;
  values: ReadonlyMap<string, string>;
  groups: string[];
  at: { file: string; line: number };
}
export interface NagiosGroup {
  name: string;
  alias: string;
  members: string[];
}
export interface NagiosDependency {
  /** `host` or `host;service`. */
  master: string;
  dependent: string;
  values: ReadonlyMap<string, string>;
}
export interface NagiosEscalation {
  of: string;
  values: ReadonlyMap<string, string>;
}

const serviceKey = (host: string, description: string): string => `${host};${description}`;

export function expandObjects(objects: readonly NagiosObject[]): NagiosConfiguration {
  const diagnostics: Diagnostic[] = [];
  const of = (type: string) => objects.filter((object) => object.type === type);
  const hosts = byName(of("host"), "host_name");
  const hostgroups = groupsOf(of("hostgroup"), "hostgroup_name", "hostgroup_members");
  for (const [name, host] of hosts) join(hostgroups, listOf(host.values.get("hostgroups")), name);
  for (const group of hostgroups.values()) pick(group, [...hosts.keys()]);
  const nested = nestGroups(hostgroups);
  const look: Lookup = { hosts: [...hosts.keys()], groups: nested, diagnostics };

  const services = servicesOf(of("service"), look);
  inheritFromHosts(services, hosts);
  const servicegroups = groupsOf(of("servicegroup"), "servicegroup_name", "servicegroup_members", inPairs);
  for (const service of services.values())
    join(
      servicegroups,
      listOf(service.values.get("servicegroups")),
      serviceKey(service.host, service.description),
    );
  const serviceMembers = nestGroups(servicegroups);

  const contacts = byName(of("contact"), "contact_name");
  const contactgroups = groupsOf(of("contactgroup"), "contactgroup_name", "contactgroup_members");
  for (const [name, contact] of contacts)
    join(contactgroups, listOf(contact.values.get("contactgroups")), name);
  for (const group of contactgroups.values()) pick(group, [...contacts.keys()]);
  const contactMembers = nestGroups(contactgroups);

  const all = { look, services: [...services.values()], serviceMembers };
  const shown = (groups: Map<string, Collected>, members: ReadonlyMap<string, ReadonlySet<string>>) =>
    [...groups.values()].map(({ name, alias }) => ({
      name,
      alias,
      members: sorted(members.get(name) ?? []),
    }));
  const groupsWith = (members: ReadonlyMap<string, ReadonlySet<string>>, one: string) =>
    sorted([...members].filter(([, inside]) => inside.has(one)).map(([name]) => name));
  return {
    hosts: [...hosts].map(([name, { values }]) => ({ name, values, groups: groupsWith(nested, name) })),
    services: all.services.map((service) => ({
      ...service,
      groups: groupsWith(serviceMembers, serviceKey(service.host, service.description)),
    })),
    hostgroups: shown(hostgroups, nested),
    servicegroups: shown(servicegroups, serviceMembers),
    contacts: [...contacts.values()],
    contactgroups: shown(contactgroups, contactMembers),
    commands: new Map(
      of("command").map(({ values }) => [values.get("command_name") ?? "", values.get("command_line") ?? ""]),
    ),
    timeperiods: of("timeperiod"),
    hostdependencies: of("hostdependency").flatMap((object) => hostDependencies(object, look)),
    servicedependencies: of("servicedependency").flatMap((object) => serviceDependencies(object, all)),
    hostescalations: of("hostescalation").flatMap(({ values }) =>
      hostsOf(values, look).map((host) => ({ of: host, values })),
    ),
    serviceescalations: of("serviceescalation").flatMap(({ values }) =>
      servicesNamed(values, "", all).map((one) => ({ of: one, values })),
    ),
    diagnostics,
  };
}

interface Lookup {
  hosts: readonly string[];
  groups: ReadonlyMap<string, ReadonlySet<string>>;
  diagnostics: Diagnostic[];
}

const sorted = (names: Iterable<string>): string[] => [...names].sort();

function byName(objects: readonly NagiosObject[], directive: string): Map<string, NagiosObject> {
  return new Map(objects.map((object) => [object.values.get(directive) ?? "", object]));
}

interface Collected {
  name: string;
  alias: string;
  members: Set<string>;
  excluded: Set<string>;
  inner: string[];
  everyone: boolean;
}

function groupsOf(
  objects: readonly NagiosObject[],
  directive: string,
  inner: string,
  read: (members: string[]) => string[] = (members) => members,
): Map<string, Collected> {
  return new Map(
    objects.map(({ values }) => {
      const name = values.get(directive) ?? "";
      const members = read(listOf(values.get("members")));
      return [
        name,
        {
          ...{ name, alias: values.get("alias") ?? name, inner: listOf(values.get(inner)) },
          members: new Set(members.filter((one) => !one.startsWith("!") && one !== "*")),
          excluded: new Set(members.filter((one) => one.startsWith("!")).map((one) => one.slice(1))),
          everyone: members.includes("*"),
        },
      ];
    }),
  );
}

/** Members of service groups are written as host, service, host, service. */
const inPairs = (members: string[]): string[] =>
  members.flatMap((one, at) =>
    at % 2 === 0 && members[at + 1] !== undefined ? [serviceKey(one, members[at + 1] ?? "")] : [],
  );

function join(groups: Map<string, Collected>, names: readonly string[], member: string): void {
  for (const name of names) groups.get(name)?.members.add(member);
}

function pick(group: Collected, everyone: readonly string[]): void {
  if (group.everyone) for (const one of everyone) group.members.add(one);
  for (const one of group.excluded) group.members.delete(one);
}

/** Members with those of groups inside of them; a circle ends where it began. */
function nestGroups(groups: ReadonlyMap<string, Collected>): Map<string, Set<string>> {
  const nested = (name: string, above: readonly string[]): Set<string> => {
    const group = groups.get(name);
    if (!group || above.includes(name)) return new Set();
    return new Set([...group.members, ...group.inner.flatMap((one) => [...nested(one, [...above, name])])]);
  };
  return new Map([...groups.keys()].map((name) => [name, nested(name, [])]));
}

/** Hosts by `host_name` and `hostgroup_name`: `*` is all, `!` takes away, from wherever it came. */
function hostsOf(values: ReadonlyMap<string, string>, look: Lookup, prefix = ""): string[] {
  return [...explicitHosts(values, look, prefix), ...groupedHosts(values, look, prefix)].filter(
    (one, at, all) => all.indexOf(one) === at,
  );
}

function explicitHosts(values: ReadonlyMap<string, string>, look: Lookup, prefix: string): string[] {
  const names = listOf(values.get(`${prefix}host_name`));
  const taken = excludedHosts(values, look, prefix);
  const wanted = names.includes("*") ? look.hosts : names.filter((name) => !name.startsWith("!"));
  return wanted.filter((name) => !taken.has(name));
}

function groupedHosts(values: ReadonlyMap<string, string>, look: Lookup, prefix: string): string[] {
  const names = listOf(values.get(`${prefix}hostgroup_name`));
  const taken = excludedHosts(values, look, prefix);
  const groups = names.includes("*")
    ? [...look.groups.keys()]
    : names.filter((name) => !name.startsWith("!"));
  return groups.flatMap((name) => [...(look.groups.get(name) ?? [])]).filter((name) => !taken.has(name));
}

function excludedHosts(values: ReadonlyMap<string, string>, look: Lookup, prefix: string): Set<string> {
  const without = (directive: string) =>
    listOf(values.get(`${prefix}${directive}`))
      .filter((name) => name.startsWith("!"))
      .map((name) => name.slice(1).trim());
  return new Set([
    ...without("host_name"),
    ...without("hostgroup_name").flatMap((name) => [...(look.groups.get(name) ?? [])]),
  ]);
}

type Expanded = Omit<NagiosService, "groups" | "values"> & { values: Map<string, string> };

/** One service a host. What names the host itself wins over what names its group. */
function servicesOf(objects: readonly NagiosObject[], look: Lookup): Map<string, Expanded> {
  const services = new Map<string, Expanded & { explicit: boolean }>();
  for (const { values, file, line } of objects) {
    const description = values.get("service_description");
    const explicit = explicitHosts(values, look, "");
    const hosts = hostsOf(values, look);
    if (description === undefined || hosts.length === 0) {
      const what =
        description === undefined ? "A service has no description" : `Service "${description}" is on no host`;
      look.diagnostics.push({
        severity: "warning",
        summary: what,
        detail: "It is left out.",
        at: { file, line, column: 1 },
      });
      continue;
    }
    for (const host of hosts) {
      if (!look.hosts.includes(host)) {
        look.diagnostics.push({
          severity: "error",
          summary: `Service "${description}" names host "${host}", which is not defined`,
          detail: "It is left out there.",
          at: { file, line, column: 1 },
        });
        continue;
      }
      const key = serviceKey(host, description);
      const isExplicit = explicit.includes(host);
      const before = services.get(key);
      if (before && (before.explicit || !isExplicit)) continue;
      const own = new Map(values);
      own.set("host_name", host);
      own.delete("hostgroup_name");
      services.set(key, { host, description, values: own, at: { file, line }, explicit: isExplicit });
    }
  }
  return new Map([...services].map(([key, { explicit: _, ...service }]) => [key, service]));
}

/** What a service does not say of notifications, its host says. */
function inheritFromHosts(
  services: ReadonlyMap<string, Expanded>,
  hosts: ReadonlyMap<string, NagiosObject>,
): void {
  for (const { host, values } of services.values()) {
    const above = hosts.get(host)?.values;
    if (!above) continue;
    const hasContacts = values.has("contacts") || values.has("contact_groups");
    for (const name of ["contacts", "contact_groups"]) {
      const theirs = above.get(name);
      if (!hasContacts && theirs !== undefined) values.set(name, theirs);
    }
    for (const name of ["notification_interval", "notification_period"]) {
      const theirs = above.get(name);
      if (!values.has(name) && theirs !== undefined) values.set(name, theirs);
    }
  }
}

interface All {
  look: Lookup;
  services: readonly Expanded[];
  serviceMembers: ReadonlyMap<string, ReadonlySet<string>>;
}

function servicesNamed(values: ReadonlyMap<string, string>, prefix: string, all: All): string[] {
  const hosts = hostsOf(values, all.look, prefix);
  const descriptions = listOf(values.get(`${prefix}service_description`));
  const fits = (description: string) =>
    (descriptions.includes("*") || descriptions.includes(description)) &&
    !descriptions.includes(`!${description}`);
  const named = all.services
    .filter(({ host, description }) => hosts.includes(host) && fits(description))
    .map(({ host, description }) => serviceKey(host, description));
  const grouped = listOf(values.get(`${prefix}servicegroup_name`)).flatMap((name) => [
    ...(all.serviceMembers.get(name) ?? []),
  ]);
  return sorted(new Set([...named, ...grouped]));
}

function hostDependencies({ values }: NagiosObject, look: Lookup): NagiosDependency[] {
  return hostsOf(values, look).flatMap((master) =>
    hostsOf(values, look, "dependent_").map((dependent) => ({ master, dependent, values })),
  );
}

function serviceDependencies({ values }: NagiosObject, all: All): NagiosDependency[] {
  const masters = servicesNamed(values, "", all);
  const named = [...values.keys()].some((name) => /^dependent_(host|hostgroup|servicegroup)/.test(name));
  // Without a host for what depends, it is on the same host as what it depends on.
  return masters.flatMap((master) => {
    const [host = ""] = master.split(";");
    const own = new Map(values);
    if (!named) own.set("dependent_host_name", host);
    return servicesNamed(own, "dependent_", all)
      .filter((dependent) => dependent !== master)
      .map((dependent) => ({ master, dependent, values }));
  });
}
