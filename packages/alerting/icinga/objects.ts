import type { Diagnostic } from "@havn/model";
import { entriesOf, evaluate, evaluateAll, type Frame } from "./language/evaluate.ts";
import { IcingaError, type Place } from "./language/tokens.ts";
import { Callable, Dictionary, isTrue, textOf, type Value } from "./language/values.ts";
import type { Declarations, Declared, Rule } from "./program.ts";

/** One object, with what its templates and rules gave it. */
export interface IcingaObject {
  type: string;
  /** As Icinga names it: `host!service!notification`. */
  name: string;
  fields: Dictionary;
  at: Place;
}

export interface IcingaConfiguration {
  /** By type, in the order in which they were declared. */
  objects: ReadonlyMap<string, IcingaObject[]>;
  diagnostics: Diagnostic[];
  /** Where functions of the configuration are called. */
  frame: Frame;
}

/** In which order Icinga makes them: what comes later may ask for what came before. */
const order = [
  ...["Zone", "Endpoint", "CheckCommand", "NotificationCommand", "EventCommand", "TimePeriod", "UserGroup"],
  ...[
    "HostGroup",
    "ServiceGroup",
    "User",
    "Host",
    "Service",
    "Notification",
    "Dependency",
    "ScheduledDowntime",
  ],
];

const checkable: Readonly<Record<string, Value>> = {
  ...{
    check_interval: 300,
    retry_interval: 60,
    max_check_attempts: 3,
    check_period: "",
    command_endpoint: "",
  },
  ...{
    enable_active_checks: true,
    enable_passive_checks: true,
    enable_notifications: true,
    enable_flapping: false,
  },
  ...{
    flapping_threshold_low: 25,
    flapping_threshold_high: 30,
    volatile: false,
    check_timeout: null,
    zone: "",
  },
};
/** What an object has that says nothing of it. */
const usual: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
  Host: { ...checkable, address: "", address6: "" },
  Service: checkable,
  CheckCommand: { timeout: 60, execute: "plugin" },
  Notification: { interval: 1800, period: "" },
  Dependency: { disable_checks: false, disable_notifications: true, ignore_soft_states: true, period: "" },
  User: { enable_notifications: true, email: "", pager: "", period: "" },
};

/** Makes objects of what was declared. What one of them cannot be made for is told, and the rest goes on. */
export function makeObjects(declarations: Declarations): IcingaConfiguration {
  const { objects: declared, rules, told, frame, diagnostics } = declarations;
  const made = new Map<string, IcingaObject[]>(order.map((type) => [type, []]));
  const byName = new Map<string, IcingaObject>();
  provideLookups(declarations, made, byName);

  for (const type of order) {
    for (const one of declared) if (one.type === type) tryMake(one);
    if (type === "Host") for (const host of of("Host")) applyAll("Host", { host });
    if (type === "Service")
      for (const service of of("Service")) {
        const host = byName.get(`Host ${textOf(service.fields.get("host_name"))}`);
        if (host) applyAll("Service", { host, service });
      }
  }
  return { objects: made, diagnostics, frame: frame(null, []) };

  function of(type: string): readonly IcingaObject[] {
    return made.get(type) ?? [];
  }

  function tryMake(one: Declared): void {
    try {
      if (!usualTypes.has(one.type)) return;
      const object = build(
        one.type,
        one.name,
        { body: one.node.body, at: one.node.at },
        new Dictionary(one.taken),
      );
      add(object, one.name);
    } catch (cause) {
      told(cause, `${one.type} "${one.name}" is left out.`);
    }
  }

  /** Evaluates the body of an object, after what templates by default say. */
  function build(
    type: string,
    name: string,
    written: { body: Declared["node"]["body"]; at: Place },
    locals: Dictionary,
    fields: Readonly<Record<string, Value>> = {},
  ): IcingaObject {
    const self = new Dictionary(
      [
        ...Object.entries({ name, vars: null, groups: null, display_name: name, ...usual[type], ...fields }),
        ["type", type],
      ],
      type,
    );
    const inside = frame(self, locals.fields);
    for (const template of declared_templates(type)) evaluateAll(template.node.body, inside);
    evaluateAll(written.body, inside);
    return { type, name, fields: self, at: written.at };
  }

  function declared_templates(type: string): Declared[] {
    return [...declarations.templates.values()]
      .flat()
      .filter((one) => one.type === type && one.node.isDefault);
  }

  function add(object: IcingaObject, name: string): void {
    const { type, fields } = object;
    const host = textOf(fields.get(type === "Dependency" ? "child_host_name" : "host_name"));
    const service = textOf(fields.get(type === "Dependency" ? "child_service_name" : "service_name"));
    if (type !== "Host" && parented.has(type)) {
      if (!byName.has(`Host ${host}`)) throw new IcingaError(`Host "${host}" is not defined`, object.at);
      if (service !== "" && !byName.has(`Service ${host}!${service}`))
        throw new IcingaError(`Service "${service}" of host "${host}" is not defined`, object.at);
      object.name = [host, service, name].filter((part) => part !== "").join("!");
    }
    const key = `${type} ${object.name}`;
    const before = byName.get(key);
    if (before)
      throw new IcingaError(
        `${type} "${object.name}" is there already, since ${before.at.file}:${before.at.line}`,
        object.at,
      );
    byName.set(key, object);
    made.get(type)?.push(object);
    joinGroups(object);
  }

  /** Groups whose `assign where` fits. */
  function joinGroups(object: IcingaObject): void {
    const word = grouped[object.type];
    if (word === undefined) return;
    const host =
      object.type === "Service" ? byName.get(`Host ${textOf(object.fields.get("host_name"))}`) : undefined;
    const locals: [string, Value][] = [[word, object.fields]];
    if (host) locals.push(["host", host.fields]);
    for (const group of declared) {
      if (group.type !== `${object.type}Group` || !group.node.assign) continue;
      try {
        const inside = frame(null, [...group.taken, ...locals]);
        if (!isTrue(evaluate(group.node.assign, inside))) continue;
        if (group.node.ignore && isTrue(evaluate(group.node.ignore, inside))) continue;
      } catch (cause) {
        told(cause, `Group "${group.name}" is left without what this was to find.`);
        continue;
      }
      const groups = object.fields.get("groups");
      const list = Array.isArray(groups) ? groups : [];
      if (!list.includes(group.name)) object.fields.fields.set("groups", [...list, group.name]);
    }
  }

  function applyAll(
    target: "Host" | "Service",
    { host, service }: { host: IcingaObject; service?: IcingaObject },
  ): void {
    for (const rule of rules) {
      if (rule.target !== target) continue;
      const locals: [string, Value][] = [...rule.taken, ["host", host.fields]];
      if (service) locals.push(["service", service.fields]);
      try {
        for (const one of instancesOf(rule, locals))
          applyOne(rule, one, { host, ...(service && { service }) });
      } catch (cause) {
        told(cause, `It is left out where ${rule.type} "${rule.name}" was to be applied.`);
      }
    }
  }

  /** Names and variables of what a rule makes there. */
  function instancesOf(rule: Rule, locals: [string, Value][]): { name: string; locals: Dictionary }[] {
    const { each, at } = rule.node;
    if (!each) return [{ name: rule.name, locals: new Dictionary(locals) }];
    const over = evaluate(each.in, frame(null, locals));
    return entriesOf(over, each.value !== undefined, at).map(([key, value]) => ({
      name: rule.name + textOf(key),
      locals: new Dictionary([
        ...locals,
        [each.key, key],
        ...(each.value === undefined ? [] : [[each.value, value] as const]),
      ]),
    }));
  }

  function applyOne(
    rule: Rule,
    { name, locals }: { name: string; locals: Dictionary },
    { host, service }: { host: IcingaObject; service?: IcingaObject },
  ): void {
    const { node, type } = rule;
    const inside = frame(null, locals.fields);
    try {
      if (node.assign && !isTrue(evaluate(node.assign, inside))) return;
      if (node.ignore && isTrue(evaluate(node.ignore, inside))) return;
      const prefix = type === "Dependency" ? "child_" : "";
      const where = {
        [`${prefix}host_name`]: host.name,
        ...(service && { [`${prefix}service_name`]: service.fields.get("name") }),
      };
      const object = build(type, name, { body: node.body, at: node.at }, locals, where);
      add(object, name);
    } catch (cause) {
      told(cause, `${type} "${name}" is left out for ${service?.name ?? host.name}.`);
    }
  }
}

const usualTypes: ReadonlySet<string> = new Set(order);
const grouped: Readonly<Record<string, string>> = { Host: "host", Service: "service", User: "user" };
/** Types whose objects belong to a host or a service. */
const parented: ReadonlySet<string> = new Set(["Service", "Notification", "Dependency", "ScheduledDowntime"]);

/** `get_host("name")` and the like; what is known only while Icinga runs is told where it is asked. */
function provideLookups(
  { program }: Declarations,
  made: ReadonlyMap<string, IcingaObject[]>,
  byName: ReadonlyMap<string, IcingaObject>,
): void {
  const set = (name: string, does: Callable["does"]) =>
    program.globals.fields.set(name, new Callable(name, does));
  const find = (type: string) => (given: readonly Value[]) =>
    byName.get(`${type} ${given.map(nameOf).join("!")}`)?.fields ?? null;
  for (const [name, type] of Object.entries(lookups)) set(name, find(type));
  set(
    "get_object",
    ([type = null, name = null]) => byName.get(`${nameOf(type)} ${textOf(name)}`)?.fields ?? null,
  );
  set("get_objects", ([type = null]) => (made.get(nameOf(type)) ?? []).map(({ fields }) => fields));
  set("get_services", ([host = null]) =>
    (made.get("Service") ?? [])
      .filter(({ fields }) => fields.get("host_name") === nameOf(host))
      .map(({ fields }) => fields),
  );
  for (const name of [
    "get_time",
    "random",
    "DateTime",
    "parse_performance_data",
    "path_exists",
    "glob",
    "getenv",
  ])
    set(name, (_given, at) => {
      throw new IcingaError(`${name}() is known only while Icinga runs`, at);
    });
}

const lookups: Readonly<Record<string, string>> = {
  get_host: "Host",
  get_service: "Service",
  get_user: "User",
  get_host_group: "HostGroup",
  get_service_group: "ServiceGroup",
  get_user_group: "UserGroup",
  get_check_command: "CheckCommand",
  get_time_period: "TimePeriod",
};

/** Types and objects are given for their names. */
const nameOf = (value: Value): string =>
  value instanceof Dictionary
    ? textOf(value.get("name"))
    : typeof value === "object" && value !== null && "name" in value
      ? value.name
      : textOf(value);
