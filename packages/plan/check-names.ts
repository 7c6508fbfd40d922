import type { Diagnostic, Resource, ResourceGraph } from "@havn/model";
import { findReferences, formatAddress } from "@havn/model";
import { errorAt } from "./error-at.ts";
import { closestName } from "./suggest.ts";

/** A name by which one resource speaks of another. */
interface Mention {
  type: string;
  name: string;
  /** What the resource does with it, for the message: `runs on`. */
  verb: string;
}

/** Every host, machine, service and dependency that is spoken of must be declared; a machine carries one host. */
export function checkNames(graph: ResourceGraph, diagnostics: Diagnostic[]): void {
  const addresses = new Set(graph.resources.map(({ address }) => address));
  for (const resource of graph.resources) {
    for (const mention of mentionsOf(resource)) {
      const address = formatAddress({
        environment: graph.environment,
        type: mention.type,
        name: mention.name,
      });
      if (!addresses.has(address)) diagnostics.push(unknownName(graph, resource, mention));
    }
    for (const address of resource.dependsOn)
      if (
        !addresses.has(address) &&
        !mentionsOf(resource).some(({ type, name }) => address.endsWith(`/${type}/${name}`))
      )
        diagnostics.push(
          errorAt(
            resource,
            `Unknown dependency of ${resource.type} "${resource.name}"`,
            `It depends on ${address}, which is not declared. Declare it or remove the dependency.`,
          ),
        );
  }
  for (const name of (graph.rollouts ?? []).flatMap(({ hosts = [] }) => hosts)) {
    if (addresses.has(formatAddress({ environment: graph.environment, type: "host", name }))) continue;
    const closest = closestName(
      name,
      graph.resources.filter(({ type }) => type === "host").map((resource) => resource.name),
    );
    diagnostics.push({
      severity: "error",
      summary: `A rollout names host "${name}", which is not declared`,
      detail: closest ? `Did you mean "${closest}"?` : "Declare it, or take it off the rollout.",
    });
  }
  checkMachines(graph, diagnostics);
}

function mentionsOf(resource: Resource): Mention[] {
  const mentions: Mention[] = [];
  const mention = (type: string, name: unknown, verb: string) => {
    if (typeof name === "string" && !mentions.some((known) => known.type === type && known.name === name))
      mentions.push({ type, name, verb });
  };
  const { properties } = resource;
  mention("host", resource.host, "is on");
  if (resource.type === "service" && Array.isArray(properties.hosts))
    for (const host of properties.hosts) mention("host", host, "runs on");
  if (resource.type === "balancer") {
    mention("host", properties.host, "runs on");
    mention("service", properties.service, "balances");
  }
  if (resource.type === "check") {
    mention("host", properties.from, "probes from");
    if (Array.isArray(properties.parents))
      for (const parent of properties.parents) mention("check", parent, "lies behind");
    if (Array.isArray(properties.dependencies))
      for (const { on } of properties.dependencies) mention("check", on, "depends on");
  }
  if (resource.type === "nrpe") mention("host", properties.host, "answers on");
  if (resource.type === "host") mention("machine", machineOf(resource), "is on");
  for (const reference of findReferences(properties))
    if ("$host" in reference) mention("host", reference.$host, `needs the ${reference.attribute} of`);
  return mentions;
}

function unknownName(graph: ResourceGraph, resource: Resource, { type, name, verb }: Mention): Diagnostic {
  const declared = graph.resources
    .filter((candidate) => candidate.type === type)
    .map((candidate) => candidate.name);
  const closest = closestName(name, declared);
  const elsewhere = declared.length === 0 ? "" : ` Declared: ${declared.join(", ")}.`;
  return errorAt(
    resource,
    `Unknown ${type} "${name}"`,
    `${resource.type} "${resource.name}" ${verb} "${name}", which is not declared in "${graph.environment}". ${
      closest ? `Did you mean "${closest}"?` : `Declare that ${type} or correct the name.${elsewhere}`
    }`,
  );
}

function machineOf(host: Resource): string | undefined {
  const { via } = host.properties;
  return typeof via === "object" && via !== null && "machine" in via && typeof via.machine === "string"
    ? via.machine
    : undefined;
}

function checkMachines(graph: ResourceGraph, diagnostics: Diagnostic[]): void {
  const hostOn = new Map<string, Resource>();
  for (const resource of graph.resources) {
    const machine = resource.type === "host" ? machineOf(resource) : undefined;
    if (machine === undefined) continue;
    const earlier = hostOn.get(machine);
    if (!earlier) hostOn.set(machine, resource);
    else if (earlier.address !== resource.address)
      diagnostics.push(
        errorAt(
          resource,
          `Machine "${machine}" has two hosts`,
          `"${earlier.name}" and "${resource.name}" are both on it. Give each host a machine of its own.`,
        ),
      );
  }
}
