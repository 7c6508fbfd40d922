import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { AgentMethod, AgentParams, AgentResult, HostClient } from "@havn/fleet/protocol";
import {
  type Address,
  type Alert,
  HavnError,
  type NewEvent,
  parseAddress,
  type Resource,
  resolveReferences,
  systemClock,
} from "@havn/model";
import { sameValue } from "@havn/plan";
import { createResourceHost, type ResourceHost } from "../host.ts";
import type { InfrastructureOptions, ResourceExecutor } from "../index.ts";

/**
 * What infrastructure needs around it, in one folder on this computer: hosts are real resource hosts with a state
 * directory each; machines, hosts, services and alerts are lines in a journal that counts what was done.
 */
export function testSurroundings(directory: string) {
  const journal = join(directory, "journal");
  const real = new Map<Address, Resource["properties"]>();
  const hosts = new Map<Address, Promise<ResourceHost>>();
  const away = new Set<Address>();
  /** Connected, and never done with a bundle; the calls that were made nevertheless. */
  const hung = new Map<Address, number>();
  const put: { host: Address; section: string; value: unknown }[] = [];
  const events = new Map<string, NewEvent>();
  const failing = new Set<Address>();
  const samples = new Map<string, number[]>();
  const alerts: Pick<Alert, "state" | "address" | "labels" | "summary">[] = [];
  const secrets = new Map<string, string>();
  let reads = 0;

  const open = (host: Address) => {
    const found = hosts.get(host) ?? openHost(join(directory, `state-${parseAddress(host).name}`));
    hosts.set(host, found);
    return found;
  };

  const client: HostClient = {
    async call<M extends AgentMethod>(
      host: Address,
      method: M,
      params: AgentParams<M>,
      options: CallOptions = {},
    ) {
      if (away.has(host)) throw new HavnError(`${host} is not connected`, { retryable: true });
      const values = {
        host: (name: string) => `address-of-${name}`,
        secret: (name: string) =>
          secrets.get(`${parseAddress(host).environment}/${name}`) ?? `value-of-${name}`,
      };
      const resolved = resolveReferences(params, values);
      const resourceHost = await open(host);
      if (method === "resources.read") {
        reads++;
        const { resources, secrets } = resolved as AgentParams<"resources.read">;
        return { readings: await resourceHost.read(resources, secrets) } as unknown as AgentResult<M>;
      }
      const calls = hung.get(host);
      if (calls !== undefined) {
        hung.set(host, calls + 1);
        throw new HavnError(`${host} did not answer ${method}`, { retryable: true, status: 504 });
      }
      if (method === "undo.read") {
        const { secretValues: hidden = [], ...question } = resolved as AgentParams<"undo.read">;
        return {
          readings: await resourceHost.readUndo({ ...question, hidden }),
        } as unknown as AgentResult<M>;
      }
      if (method === "undo.apply") {
        const { secretValues: hidden = [], ...bundle } = resolved as AgentParams<"undo.apply">;
        return {
          reports: await resourceHost.applyUndo({ ...bundle, hidden }, options.onProgress),
        } as unknown as AgentResult<M>;
      }
      const bundle = resolved as AgentParams<"bundle.apply">;
      return { reports: await resourceHost.apply(bundle, options.onProgress) } as unknown as AgentResult<M>;
    },
  };

  const executor: ResourceExecutor = {
    types: ["machine", "host", "service", "balancer", "check", "alert"],
    async plan(desired, prior) {
      if (!desired) return { action: prior && real.has(prior.address) ? "delete" : "no-op", changes: [] };
      const before = real.get(desired.address) ?? prior?.properties;
      if (before === undefined) return { action: "create", changes: [] };
      return { action: sameValue(before, desired.properties) ? "no-op" : "update", changes: [] };
    },
    async apply(run, { action }, desired, { tell }) {
      tell(`making ${desired.name}`);
      await run.step("make", async () => {
        if (failing.has(desired.address))
          throw new HavnError(`${desired.name} cannot be made`, { detail: "Try later." });
        await appendFile(journal, `${action} ${desired.address}\n`);
      });
      real.set(desired.address, desired.properties);
    },
    async remove(run, prior) {
      await run.step("remove", () => appendFile(journal, `remove ${prior.address}\n`));
      real.delete(prior.address);
    },
  };

  const options: Omit<InfrastructureOptions, "sql" | "workflows"> = {
    clock: systemClock,
    timeline: {
      async write(event) {
        events.set(event.key ?? String(events.size), event);
      },
    },
    hosts: client,
    hostConnected: (host) => !away.has(host) && (real.has(host) || hosts.has(host)),
    hostReport: () => undefined,
    desired: {
      async putAll(host, sections) {
        for (const [section, value] of Object.entries(sections)) put.push({ host, section, value });
      },
    },
    keepSecret: async ({ environment, name }, value) => {
      secrets.set(`${environment}/${name}`, value);
    },
    executors: () => [executor],
    missingArtifacts: async () => [],
    prepareSecrets: async (graph) => graph,
    fingerprint: async (_environment, { $secret }) => $secret,
    gates: {
      async query({ expr }) {
        if (expr.startsWith("wrong")) throw new HavnError(`"${expr}" is wrong`, { status: 400 });
        return samples.get(expr) ?? [];
      },
      alerts: () => alerts,
    },
  };
  return {
    options,
    journal,
    real,
    away,
    hung,
    put,
    events,
    failing,
    samples,
    alerts,
    open,
    reads: () => reads,
  };
}

type CallOptions = { onProgress?: (progress: unknown) => void };

async function openHost(stateDirectory: string): Promise<ResourceHost> {
  await mkdir(stateDirectory, { recursive: true });
  return createResourceHost({ stateDirectory, clock: systemClock });
}

/** A resource as the SDK would give it. */
export function declared(type: string, name: string, rest: Partial<Resource> = {}): Resource {
  return {
    address: `shop/${type}/${name}`,
    type,
    name,
    properties: {},
    dependsOn: [],
    ...rest,
  };
}

export const hostNamed = (name: string): Resource =>
  declared("host", name, { properties: { via: { kind: "this-computer" } } });

export function fileOn(
  host: string,
  path: string,
  properties: Record<string, unknown>,
  dependsOn: string[] = [],
): Resource {
  return declared("file", `${host}:${path}`, {
    host,
    properties: { path, ...properties },
    dependsOn: [`shop/host/${host}`, ...dependsOn],
  });
}

export const graphOf = (...resources: Resource[]) => ({
  version: 1 as const,
  environment: "shop",
  owner: "team",
  resources,
});
