import type { Diagnostic } from "@havn/model";
import type { NagiosObject } from "./parse.ts";

/** Directives to which a leading plus adds what templates say, instead of replacing it. */
const additive: ReadonlySet<string> = new Set([
  ...["parents", "hostgroups", "servicegroups", "contacts", "contact_groups", "contactgroups", "host_name"],
  ...["hostgroup_name", "servicegroup_name", "members", "dependent_host_name", "dependent_hostgroup_name"],
  ...["contactgroup_members", "hostgroup_members", "servicegroup_members", "host_notification_commands"],
  "service_notification_commands",
]);
/** What belongs to a template itself. */
const notInherited: ReadonlySet<string> = new Set(["name", "use", "register"]);

/** Every object with what its templates give it; templates that are not objects themselves are left out. */
export function resolveTemplates(objects: readonly NagiosObject[]): {
  objects: NagiosObject[];
  diagnostics: Diagnostic[];
} {
  const diagnostics: Diagnostic[] = [];
  const templates = new Map<string, NagiosObject>();
  for (const object of objects) {
    const name = object.values.get("name");
    if (name !== undefined) templates.set(`${object.type} ${name}`, object);
  }
  const resolved = new Map<NagiosObject, Map<string, string>>();

  function valuesOf(object: NagiosObject, above: readonly NagiosObject[]): Map<string, string> {
    const known = resolved.get(object);
    if (known) return known;
    const values = new Map(object.values);
    for (const name of listOf(object.values.get("use") ?? "")) {
      const template = templates.get(`${object.type} ${name}`);
      if (!template || above.includes(template) || template === object) {
        const why = template ? "uses itself" : "is not defined";
        diagnostics.push({
          severity: "error",
          summary: `Template "${name}" ${why}`,
          detail: `${object.type} uses it. What it would give is left out.`,
          at: { file: object.file, line: object.line, column: 1 },
        });
        continue;
      }
      inherit(values, valuesOf(template, [...above, object]));
    }
    resolved.set(object, values);
    return values;
  }

  const made = objects.flatMap((object) => {
    const values = valuesOf(object, []);
    if (object.values.get("register") === "0") return [];
    return [{ ...object, values: cleaned(values) }];
  });
  return { objects: made, diagnostics };
}

function inherit(values: Map<string, string>, template: ReadonlyMap<string, string>): void {
  for (const [name, theirs] of template) {
    if (notInherited.has(name)) continue;
    const own = values.get(name);
    if (own === undefined) values.set(name, theirs);
    // A plus that the template has too goes on to the next one.
    else if (own.startsWith("+") && additive.has(name) && theirs !== "null")
      values.set(name, `${theirs},${own.slice(1)}`);
  }
}

/** Without what was taken away by "null", and without pluses that nothing was left to add to. */
function cleaned(values: ReadonlyMap<string, string>): Map<string, string> {
  return new Map(
    [...values]
      .filter(([name, value]) => value !== "null" && !notInherited.has(name))
      .map(([name, value]) => [
        name,
        additive.has(name) && name !== "members" ? once(withoutPlus(name, value)) : withoutPlus(name, value),
      ]),
  );
}

/** What several templates name counts once. Members of service groups are pairs, in which a name comes again. */
const once = (value: string): string => [...new Set(listOf(value))].join(",");

const withoutPlus = (name: string, value: string): string =>
  additive.has(name) && value.startsWith("+") ? value.slice(1) : value;

export const listOf = (text: string | undefined): string[] =>
  (text ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
