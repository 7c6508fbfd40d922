import { formatDuration } from "@havn/model";
import { moduleText, objectText, type WrittenCheck } from "../imports/module.ts";
import { createLabels } from "../imports/names.ts";
import { type CommandLine, commandLineOf } from "./commands.ts";
import { IcingaError } from "./language/tokens.ts";
import { Dictionary, isTrue, textOf, type Value } from "./language/values.ts";
import type { IcingaConfiguration, IcingaObject } from "./objects.ts";
import { createIcingaWhom, type IcingaWhom } from "./whom.ts";

export interface EmittedIcinga {
  text: string;
  checks: number;
  /** What was not carried over, and why; each once. */
  notes: string[];
}

interface Context {
  configuration: IcingaConfiguration;
  /** Names of checks by the object's name. */
  names: ReadonlyMap<string, string>;
  commands: ReadonlyMap<string, IcingaObject>;
  hosts: ReadonlyMap<string, IcingaObject>;
  dependencies: ReadonlyMap<string, IcingaObject[]>;
  whom: IcingaWhom;
  note(text: string): void;
}

/** A configuration as a module of Havn's. */
export function emitIcinga(configuration: IcingaConfiguration): EmittedIcinga {
  const notes = new Map<string, number>();
  const note = (text: string) => notes.set(text, (notes.get(text) ?? 0) + 1);
  const of = (type: string) => configuration.objects.get(type) ?? [];
  const label = createLabels();
  const names = new Map<string, string>();
  for (const host of of("Host")) if (isAsked(host)) names.set(host.name, label(host.name));
  for (const service of of("Service"))
    if (isAsked(service)) names.set(service.name, label(service.name.replace("!", "-")));
  const context: Context = {
    ...{ configuration, names, note },
    commands: new Map(of("CheckCommand").map((one) => [one.name, one])),
    hosts: new Map(of("Host").map((one) => [one.name, one])),
    dependencies: Map.groupBy(of("Dependency"), dependentOf),
    whom: createIcingaWhom(configuration, note),
  };
  const services = Map.groupBy(of("Service"), ({ fields }) => textOf(fields.get("host_name")));
  const checks: WrittenCheck[] = [];
  for (const host of of("Host"))
    for (const one of [host, ...(services.get(host.name) ?? [])]) {
      const made = checkOf(one, host, context);
      if (made) checks.push(made);
    }
  if (of("ScheduledDowntime").length > 0)
    note(`Recurring downtimes (${of("ScheduledDowntime").length}): declare them with maintenance()`);
  const usesAgents = checks.some(({ probe }) => probe.includes("agents["));
  const text = moduleText({
    ...{ source: "icinga", tables: [], checks },
    options: usesAgents
      ? [
          {
            name: "agents",
            type: "Record<string, HostHandle>",
            about: "Whose agent asks what Icinga's endpoint of that name asked.",
          },
        ]
      : [],
    ...context.whom.all(),
  });
  return {
    ...{ text, checks: checks.length },
    notes: [...notes].map(([one, count]) => (count > 1 ? `${one} (${count} times)` : one)),
  };
}

/** What Icinga asks of itself has no check here. */
const own: ReadonlySet<string> = new Set(["icinga", "cluster", "cluster-zone", "ido", "random", "exception"]);
const isAsked = ({ fields }: IcingaObject): boolean => !own.has(textOf(fields.get("check_command")));

function dependentOf({ fields }: IcingaObject): string {
  const service = textOf(fields.get("child_service_name"));
  const host = textOf(fields.get("child_host_name"));
  return service === "" ? host : `${host}!${service}`;
}

function checkOf(one: IcingaObject, host: IcingaObject, context: Context): WrittenCheck | undefined {
  const { note, names, whom } = context;
  const name = names.get(one.name);
  const isService = one.type === "Service";
  if (name === undefined) {
    note(
      `Checks of Icinga itself ("${textOf(one.fields.get("check_command"))}"): Havn watches its agents by itself`,
    );
    return undefined;
  }
  if (textOf(one.fields.get("event_command")) !== "") note("Event commands: a runbook does what they did");
  const { probe, isPassive } = probeOf(one, host, context);
  const onHost = isService ? names.get(host.name) : undefined;
  const depends = (context.dependencies.get(one.name) ?? []).flatMap((each) => dependencyOf(each, context));
  const groups = (of: IcingaObject) => context.whom.groupsOf(of).join(",");
  const labels = {
    icinga_host: host.name,
    ...(isService && { icinga_service: textOf(one.fields.get("name")) }),
    ...(groups(host) !== "" && { hostgroups: groups(host) }),
    ...(isService && groups(one) !== "" && { servicegroups: groups(one) }),
    ...whom.labels(one),
  };
  return {
    ...{ name, section: host.name, probe, rhythm: rhythmOf(one, isPassive, context) },
    more: {
      ...(one.fields.get("enable_notifications") === false && { severity: "info" }),
      // While its host is down nobody is told of a service: the host's check is its parent.
      ...(onHost !== undefined && { parents: [onHost] }),
      ...(depends.length > 0 && { dependencies: depends }),
      labels,
    },
  };
}

function dependencyOf(
  { fields }: IcingaObject,
  { names, note }: Context,
): { on: string; failWhen: string[] }[] {
  const service = textOf(fields.get("parent_service_name"));
  const host = textOf(fields.get("parent_host_name"));
  const on = names.get(service === "" ? host : `${host}!${service}`);
  if (on === undefined) return [];
  if (isTrue(fields.get("disable_checks")))
    note("Dependencies that stop checks: checks go on, and nobody is told");
  if (fields.get("disable_notifications") === false) return [];
  if (textOf(fields.get("period")) !== "") note("Dependencies at some times only are taken for all times");
  const states = fields.get("states");
  const good = Array.isArray(states) ? states.map(textOf) : service === "" ? ["Up"] : ["OK", "Warning"];
  const failWhen =
    service === ""
      ? good.includes("Down")
        ? []
        : ["critical"]
      : (["Warning", "Critical", "Unknown"] as const)
          .filter((state) => !good.includes(state))
          .map((state) => state.toLowerCase());
  return failWhen.length === 0 ? [] : [{ on, failWhen }];
}

function probeOf(
  one: IcingaObject,
  host: IcingaObject,
  context: Context,
): { probe: string; isPassive: boolean } {
  const { fields } = one;
  const name = textOf(fields.get("check_command"));
  const command = context.commands.get(name);
  const nagios = { host: host.name, ...(one.type === "Service" && { service: textOf(fields.get("name")) }) };
  const passive = (more: Record<string, unknown> = {}) => ({
    ...{ probe: `passive: ${objectText({ ...more, nagios })}`, isPassive: true },
  });
  if (fields.get("enable_active_checks") === false) return passive();
  if (!command) {
    context.note(
      name === ""
        ? "Objects without a check command: their checks are passive"
        : `Command "${name}" is not defined: its checks are passive. Name Icinga's library with --library if it has it`,
    );
    return passive();
  }
  const execute = textOf(command.fields.get("execute"));
  const objects = [
    ...(one.type === "Service" ? [["service", fields] as const] : []),
    ["host", host.fields] as const,
    ["command", command.fields] as const,
  ];
  if (execute === "dummy") {
    const state = [fields, host.fields, command.fields]
      .map((of) => of.get("vars"))
      .find((vars): vars is Dictionary => vars instanceof Dictionary && vars.fields.has("dummy_state"));
    const stale = passiveStates[Number(state?.get("dummy_state") ?? 0)];
    return passive(stale ? { freshness: seconds(Number(fields.get("check_interval") ?? 300)), stale } : {});
  }
  if (execute !== "plugin") {
    context.note(`Command "${name}" runs inside of Icinga: its checks are passive`);
    return passive();
  }
  try {
    const line = commandLineOf(command.fields, {
      ...{ objects, frame: context.configuration.frame, at: one.at },
      note: (macro) => context.note(`Macro $${macro}$ in command "${name}" is empty`),
    });
    return { probe: pluginText(line, textOf(fields.get("command_endpoint")), context), isPassive: false };
  } catch (cause) {
    if (!(cause instanceof IcingaError)) throw cause;
    const { file, line } = cause.place;
    context.configuration.diagnostics.push({
      ...{ severity: "error", summary: cause.message, at: { file, line, column: 1 } },
      detail: `The check of ${one.name} is passive: its command line cannot be made.`,
    });
    return passive();
  }
}

/** What is taken for a result that did not come in time: states that are not OK. */
const passiveStates: readonly (string | undefined)[] = [undefined, "warning", "critical", "unknown"];

/** Dollar signs are macros to plugins here: what Icinga filled in has none. */
const literal = (text: string): string => text.replaceAll("$", "$$$$");

function pluginText({ command, env }: CommandLine, endpoint: string, { note }: Context): string {
  if (
    command.some(
      (word) =>
        /^-{1,2}(p|pass\w*|authpass\w*|secret|token|community)([= ].*)?$/i.test(word) && !/^-p$/i.test(word),
    )
  )
    note("Passwords in command lines: put them into env with secret(), everybody on the host sees arguments");
  const from = endpoint === "" ? "from" : `from: agents[${JSON.stringify(endpoint)}]`;
  const about = {
    command: command.map(literal),
    ...(Object.keys(env).length > 0 && { env }),
  };
  return `${from}, plugin: ${objectText(about)}`;
}

const seconds = (count: number): string => formatDuration(Math.max(1000, Math.round(count * 1000)));

function rhythmOf(one: IcingaObject, isPassive: boolean, { commands }: Context): Record<string, unknown> {
  const { fields } = one;
  const number = (name: string, otherwise: number) => {
    const given = Number(fields.get(name) ?? otherwise);
    return Number.isFinite(given) && given > 0 ? given : otherwise;
  };
  const command = commands.get(textOf(fields.get("check_command")));
  const timeout: Value = fields.get("check_timeout") ?? command?.fields.get("timeout") ?? 60;
  return {
    ...(!isPassive && {
      interval: seconds(number("check_interval", 300)),
      retryInterval: seconds(number("retry_interval", 60)),
      timeout: seconds(Number(timeout) || 60),
    }),
    attempts: Math.max(1, Math.min(100, Math.round(number("max_check_attempts", 3)))),
    flapping: isTrue(fields.get("enable_flapping"))
      ? { low: number("flapping_threshold_low", 25), high: number("flapping_threshold_high", 30) }
      : false,
    ...(isTrue(fields.get("volatile")) && { volatile: true }),
  };
}
