import {
  alertProperties,
  balancerProperties,
  checkProperties,
  contactProperties,
  dashboardProperties,
  escalationProperties,
  hostProperties,
  machineProperties,
  maintenanceProperties,
  nrpeProperties,
  receiverProperties,
  retentionProperties,
  routeProperties,
  runbookProperties,
  scheduleProperties,
  serviceProperties,
  statusPageProperties,
  teamProperties,
} from "@havn/model";
import { rulesProperties, scrapeProperties } from "@havn/prometheus/schemas";
import type { z } from "zod";
import { definitions } from "./definitions.gen.ts";
import type { ResourceDefinition } from "./resources/type.ts";

export { definitions } from "./definitions.gen.ts";
export type { DirectoryProperties } from "./resources/directory/definition.ts";
export type { FileProperties } from "./resources/file/definition.ts";
export type { PackageProperties } from "./resources/package/definition.ts";
export type { PostgresDatabaseProperties } from "./resources/postgres.database/definition.ts";
export type { SystemdUnitProperties } from "./resources/systemd.unit/definition.ts";

const controlPlaneSchemas: Record<string, z.ZodType> = {
  machine: machineProperties,
  host: hostProperties,
  service: serviceProperties,
  balancer: balancerProperties,
  check: checkProperties,
  nrpe: nrpeProperties,
  alert: alertProperties,
  retention: retentionProperties,
  route: routeProperties,
  contact: contactProperties,
  team: teamProperties,
  schedule: scheduleProperties,
  escalation: escalationProperties,
  receiver: receiverProperties,
  scrape: scrapeProperties,
  rules: rulesProperties,
  runbook: runbookProperties,
  statuspage: statusPageProperties,
  maintenance: maintenanceProperties,
  dashboard: dashboardProperties,
};

/** Schema of a type's properties in a graph, of host types and control-plane types alike. */
export function schemaOf(type: string): z.ZodType | undefined {
  return controlPlaneSchemas[type] ?? findDefinition(type)?.schema;
}

/** A host type by its name. What it reads and plans is its own affair: callers hand on what they were given. */
export function findDefinition(type: string): ResourceDefinition<unknown, unknown> | undefined {
  return Object.hasOwn(definitions, type)
    ? (definitions[type as keyof typeof definitions] as ResourceDefinition<unknown, unknown>)
    : undefined;
}
