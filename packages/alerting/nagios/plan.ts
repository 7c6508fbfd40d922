import { formatDuration } from "@havn/model";
import { createLabels } from "../imports/names.ts";
import type { NagiosConfiguration, NagiosDependency, NagiosHost, NagiosService } from "./expand.ts";
import { listOf } from "./resolve.ts";
import { createWhom, type Telling, type Whom } from "./whom.ts";

/** One check as it will be written. */
export interface PlannedCheck {
  name: string;
  host: { name: string; macros: Record<string, string> };
  command: { name: string; line: string; arguments: string[] } | undefined;
  /** Beside those of the host. */
  macros: Record<string, string>;
  passive: Record<string, unknown> | undefined;
  rhythm: Record<string, unknown>;
  more: Record<string, unknown>;
}

export interface ImportPlan {
  checks: PlannedCheck[];
  telling: Telling;
  notes: string[];
}

type Values = ReadonlyMap<string, string>;

/** What becomes of each object; `notes` tells what does not become anything. */
export function planImport(
  configuration: NagiosConfiguration,
  { intervalSeconds, resources }: { intervalSeconds: number; resources: Readonly<Record<string, string>> },
): ImportPlan {
  const notes = new Map<string, number>();
  const note = (text: string) => notes.set(text, (notes.get(text) ?? 0) + 1);
  const label = createLabels();
  const hostsByName = new Map(configuration.hosts.map((host) => [host.name, host]));
  const hostChecks = new Map<string, string>();
  for (const host of configuration.hosts)
    if (isChecked(host.values)) hostChecks.set(host.name, label(host.name));
  const serviceChecks = new Map<string, string>();
  for (const { host, description } of configuration.services)
    serviceChecks.set(`${host};${description}`, label(`${host}-${description}`));
  const held = {
    hosts: dependenciesOf(configuration.hostdependencies),
    services: dependenciesOf(configuration.servicedependencies),
  };
  const context: Context = {
    configuration,
    resources,
    intervalSeconds,
    hostChecks,
    serviceChecks,
    held,
    whom: createWhom(configuration, { unit: intervalSeconds, note }),
    note,
  };

  const checks: PlannedCheck[] = [];
  for (const host of configuration.hosts) {
    const name = hostChecks.get(host.name);
    if (name !== undefined) checks.push(hostCheck(host, name, context));
    else note(`Hosts without an active or passive check are taken to be up, as in Nagios`);
    for (const service of configuration.services) {
      if (service.host !== host.name) continue;
      const own = serviceChecks.get(`${service.host};${service.description}`) ?? "";
      const on = hostsByName.get(service.host);
      if (on) checks.push(serviceCheck(service, { name: own, host: on, context }));
    }
  }
  return {
    checks,
    telling: context.whom.all(),
    notes: [...notes].map(([text, count]) => (count > 1 ? `${text} (${count} times)` : text)),
  };
}

interface Context {
  configuration: NagiosConfiguration;
  resources: Readonly<Record<string, string>>;
  intervalSeconds: number;
  hostChecks: ReadonlyMap<string, string>;
  serviceChecks: ReadonlyMap<string, string>;
  held: Record<"hosts" | "services", ReadonlyMap<string, NagiosDependency[]>>;
  whom: Whom;
  note(text: string): void;
}

const isChecked = (values: Values): boolean =>
  (values.get("check_command") ?? "") !== "" || values.get("passive_checks_enabled") === "1";

const dependenciesOf = (all: readonly NagiosDependency[]): Map<string, NagiosDependency[]> =>
  Map.groupBy(all, ({ dependent }) => dependent);

function hostCheck(host: NagiosHost, name: string, context: Context): PlannedCheck {
  const parents = listOf(host.values.get("parents")).flatMap(
    (parent) => context.hostChecks.get(parent) ?? [],
  );
  const depends = (context.held.hosts.get(host.name) ?? []).flatMap(({ master, values }) =>
    dependencyText(context.hostChecks.get(master), values, hostLetters),
  );
  return planned({ name, host, values: host.values, parents, depends, groups: host.groups, context });
}

function serviceCheck(
  service: NagiosService,
  { name, host, context }: { name: string; host: NagiosHost; context: Context },
): PlannedCheck {
  const onHost = context.hostChecks.get(service.host);
  const key = `${service.host};${service.description}`;
  const depends = (context.held.services.get(key) ?? []).flatMap(({ master, values }) =>
    dependencyText(context.serviceChecks.get(master), values, serviceLetters),
  );
  // While its host is down nobody is told of a service: the host's check is its parent.
  const parents = onHost === undefined ? [] : [onHost];
  return planned({
    name,
    host,
    values: service.values,
    service,
    parents,
    depends,
    groups: host.groups,
    context,
  });
}

const hostLetters: Readonly<Record<string, string>> = { d: "critical", u: "critical" };
const serviceLetters: Readonly<Record<string, string>> = { w: "warning", c: "critical", u: "unknown" };

function dependencyText(on: string | undefined, values: Values, letters: Readonly<Record<string, string>>) {
  const criteria = values.get("notification_failure_criteria") ?? values.get("notification_failure_options");
  const failWhen = [...new Set(listOf(criteria).flatMap((letter) => letters[letter.charAt(0)] ?? []))];
  return on === undefined || failWhen.length === 0 ? [] : [{ on, failWhen }];
}

function planned(about: {
  name: string;
  host: NagiosHost;
  values: Values;
  service?: NagiosService;
  parents: string[];
  depends: { on: string; failWhen: string[] }[];
  groups: readonly string[];
  context: Context;
}): PlannedCheck {
  const { name, host, values, service, parents, depends, groups, context } = about;
  const { note } = context;
  const command = commandOf(values, context);
  const isPassive = command === undefined || values.get("active_checks_enabled") === "0";
  if (values.has("event_handler")) note("Event handlers: a runbook does what they did");
  const freshness =
    values.get("check_freshness") === "1" ? Number(values.get("freshness_threshold") ?? 0) : 0;
  const labels = {
    nagios_host: host.name,
    ...(service && { nagios_service: service.description }),
    ...(groups.length > 0 && { hostgroups: groups.join(",") }),
    ...(service && service.groups.length > 0 && { servicegroups: service.groups.join(",") }),
    ...context.whom.labels(service ? `${service.host};${service.description}` : host.name, values),
  };
  return {
    name,
    host: { name: host.name, macros: hostMacros(host, context) },
    command: isPassive ? undefined : command,
    macros: service && command ? serviceMacros(service, command.line) : {},
    passive: isPassive
      ? {
          ...(freshness > 0 && { freshness: formatDuration(freshness * 1000) }),
          nagios: { host: host.name, ...(service && { service: service.description }) },
        }
      : undefined,
    rhythm: rhythmOf(values, context.intervalSeconds, isPassive),
    more: {
      ...(values.get("notifications_enabled") === "0" && { severity: "info" }),
      ...(parents.length > 0 && { parents }),
      ...(depends.length > 0 && { dependencies: depends }),
      labels,
    },
  };
}

function commandOf(values: Values, { configuration, resources, note }: Context): PlannedCheck["command"] {
  const written = values.get("check_command") ?? "";
  if (written === "") return undefined;
  const [name = "", ...given] = written.split(/(?<!\\)!/).map((part) => part.replaceAll("\\!", "!"));
  const line = configuration.commands.get(name);
  if (line === undefined) {
    note(`Command "${name}" is not defined: its checks are passive`);
    return undefined;
  }
  const filled = line.replace(/\$(USER\d+)\$/g, (whole, user: string) => resources[user] ?? whole);
  for (const [, macro = ""] of filled.matchAll(/\$(\w+)(?::[^$]*)?\$/g))
    if (
      !/^(ARG\d+|USER\d+|HOSTNAME|HOSTADDRESS|HOSTALIAS|HOSTDISPLAYNAME|SERVICEDESC|_HOST\w+|_SERVICE\w+)$/.test(
        macro,
      )
    )
      note(`Macro $${macro}$ in command "${name}" is empty`);
  return { name, line: filled, arguments: given };
}

function hostMacros({ name, values }: NagiosHost, { configuration }: Context): Record<string, string> {
  const used = [...configuration.commands.values()].join(" ");
  const all: Record<string, string> = {
    HOSTNAME: name,
    HOSTADDRESS: values.get("address") ?? name,
    HOSTALIAS: values.get("alias") ?? name,
    HOSTDISPLAYNAME: values.get("display_name") ?? name,
    ...customOf(values, "_HOST"),
  };
  return Object.fromEntries(
    Object.entries(all).filter(([macro]) => macro === "HOSTADDRESS" || used.includes(`$${macro}$`)),
  );
}

const serviceMacros = ({ description, values }: NagiosService, line: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ SERVICEDESC: description, ...customOf(values, "_SERVICE") }).filter(([macro]) =>
      line.includes(`$${macro}$`),
    ),
  );

const customOf = (values: Values, prefix: string): Record<string, string> =>
  Object.fromEntries(
    [...values]
      .filter(([name]) => name.startsWith("_"))
      .map(([name, value]) => [`${prefix}${name.slice(1)}`, value]),
  );

function rhythmOf(values: Values, unit: number, isPassive: boolean): Record<string, unknown> {
  const text = (name: string, usual: number) => {
    const count = Number(values.get(name) ?? usual);
    return formatDuration(Math.max(1, Math.round((count > 0 ? count : usual) * unit)) * 1000);
  };
  const low = Number(values.get("low_flap_threshold") ?? 0);
  const high = Number(values.get("high_flap_threshold") ?? 0);
  return {
    ...(!isPassive && {
      interval: text("check_interval", 5),
      retryInterval: text("retry_interval", 1),
      timeout: "60s",
    }),
    attempts: Math.max(1, Number(values.get("max_check_attempts") ?? 1)),
    ...(values.get("flap_detection_enabled") === "0"
      ? { flapping: false }
      : low > 0 && high > 0 && { flapping: { low, high } }),
    ...(values.get("is_volatile") === "1" && { volatile: true }),
  };
}
