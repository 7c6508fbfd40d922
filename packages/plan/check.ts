import type { Diagnostic, Resource, ResourceGraph } from "@havn/model";
import { controlPlaneTypes, dnsLabel, formatAddress, formatLocation, parseAddress } from "@havn/model";
import type { z } from "zod";
import { checkNames } from "./check-names.ts";
import { checkPorts } from "./check-ports.ts";
import { errorAt } from "./error-at.ts";
import { orderNodes } from "./order.ts";
import { dependenciesOf } from "./sequence.ts";
import { closestName, propertyNames } from "./suggest.ts";

export interface GraphTypes {
  /** Schema of a type's properties; undefined for a type that does not exist. */
  schemaOf(type: string): z.ZodType | undefined;
  /** What a user may write for a type where it is not its properties' names, for "did you mean". */
  optionsOf?(type: string): readonly string[] | undefined;
}

export interface CheckedGraph {
  /** With defaults filled in where properties are sound. Not to be used when there are errors. */
  graph: ResourceGraph;
  diagnostics: Diagnostic[];
}

/** In the order in which a person reads the file. */
export function byPlace({ at: a }: Diagnostic, { at: b }: Diagnostic): number {
  if (!a || !b) return Number(!a) - Number(!b);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** Everything that is wrong with a graph, all at once, in the order of the lines that declared it. */
export function checkGraph(graph: ResourceGraph, types: GraphTypes): CheckedGraph {
  const diagnostics: Diagnostic[] = [];
  const resources = graph.resources.map((resource) => checkProperties(resource, types, diagnostics));
  const checked = { ...graph, resources };
  checkAddresses(checked, diagnostics);
  checkNames(checked, diagnostics);
  checkPorts(checked, diagnostics);
  checkCycles(checked, diagnostics);
  return { graph: checked, diagnostics: diagnostics.sort(byPlace) };
}

function checkProperties(resource: Resource, types: GraphTypes, diagnostics: Diagnostic[]): Resource {
  const schema = types.schemaOf(resource.type);
  if (!schema) {
    diagnostics.push(
      errorAt(
        resource,
        `Unknown resource type "${resource.type}"`,
        "Correct the type's name, or update Havn.",
      ),
    );
    return resource;
  }
  const parsed = schema.safeParse(resource.properties);
  if (parsed.success) return { ...resource, properties: parsed.data as Record<string, unknown> };
  for (const issue of parsed.error.issues) diagnostics.push(describeIssue(resource, issue, types));
  return resource;
}

function describeIssue(resource: Resource, issue: z.core.$ZodIssue, types: GraphTypes): Diagnostic {
  const label = `${resource.type} "${resource.name}"`;
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    const written = issue.path.length === 0 ? types.optionsOf?.(resource.type) : undefined;
    const schema = types.schemaOf(resource.type);
    const names = [...(written ?? (schema ? propertyNames(schema, issue.path) : []))];
    const closest = closestName(key, names);
    const path = [...issue.path, key].join(".");
    return errorAt(
      resource,
      `Unknown property "${path}" of ${label}`,
      closest
        ? `Did you mean "${closest}"?`
        : `Remove it. Properties of ${resource.type}: ${names.sort().join(", ")}.`,
    );
  }
  const path = issue.path.join(".");
  return errorAt(
    resource,
    path === "" ? `${label} is not valid` : `Property "${path}" of ${label} is not valid`,
    `${capitalise(deepestMessage(issue))}. Correct the value.`,
  );
}

/** A union's own message says only "Invalid input": tell what its closest branch says, if it says more. */
function deepestMessage(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union") return issue.message.replace(/^Invalid input: /, "");
  const messages = issue.errors.flat().map((inner) => deepestMessage(inner));
  return messages.length === 0 ? issue.message : [...new Set(messages)].join(", or ");
}

const capitalise = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const named = new Set<string>(controlPlaneTypes);

/** What lives on no host is named by people and becomes part of host, unit and file names. */
function checkName(resource: Resource, diagnostics: Diagnostic[]): void {
  const onHost = resource.host !== undefined && !named.has(resource.type);
  const ownName = parseAddress(resource.address).name === resource.name;
  if (onHost || (ownName && dnsLabel.safeParse(resource.name).success)) return;
  diagnostics.push(
    errorAt(
      resource,
      `"${resource.name}" is not a valid name for type ${resource.type}`,
      "Use lower-case letters, digits and hyphens, at most 63 characters.",
    ),
  );
}

function checkAddresses(graph: ResourceGraph, diagnostics: Diagnostic[]): void {
  const first = new Map<string, Resource>();
  for (const resource of graph.resources) {
    const { address, type } = resource;
    checkName(resource, diagnostics);
    const earlier = first.get(address);
    if (!earlier) first.set(address, resource);
    else {
      const where = earlier.location ? `, first at ${formatLocation(earlier.location)}` : "";
      diagnostics.push(
        errorAt(
          resource,
          `${address} is declared twice`,
          `It stands here too${where}. Rename or remove one of them.`,
        ),
      );
    }
    const expected = formatAddress({
      environment: graph.environment,
      type,
      name: parseAddress(address).name,
    });
    if (address !== expected)
      diagnostics.push(
        errorAt(
          resource,
          `${address} does not belong here`,
          `Its address should be ${expected}. Correct it.`,
        ),
      );
  }
}

function checkCycles(graph: ResourceGraph, diagnostics: Diagnostic[]): void {
  const nodes = graph.resources.map((resource) => ({
    key: resource.address,
    after: dependenciesOf(resource),
  }));
  const { cycle } = orderNodes(nodes);
  if (!cycle) return;
  const resource = graph.resources.find(({ address }) => address === cycle[0]);
  if (resource)
    diagnostics.push(
      errorAt(
        resource,
        "Resources depend on each other in a circle",
        `${cycle.join(" → ")} (each depends on the next). Remove one of these dependencies.`,
      ),
    );
}
