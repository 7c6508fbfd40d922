import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentEvent, BalancerSpec, HostClient, HostReport, InstanceSpec } from "@havn/fleet/protocol";
import { HavnError, systemClock } from "@havn/model";
import { type Balancer, createBalancer, createInstances, type Instances } from "../agent.ts";

/** An agent's delivery half on this computer: what a real agent does with calls about instances and balancers. */
export interface TestHost extends AsyncDisposable {
  instances: Instances;
  balancer: Balancer;
  events: AgentEvent[];
  /** Calls that arrived, oldest first. */
  calls: string[];
  away: boolean;
}

async function openHost(fetchArtifact: (sha256: string) => Promise<string>): Promise<TestHost> {
  const directory = await mkdtemp(join(tmpdir(), "havn-host-"));
  const events: AgentEvent[] = [];
  await mkdir(join(directory, "state"));
  const instances = createInstances({
    stateDirectory: join(directory, "state"),
    releasesDirectory: join(directory, "releases"),
    clock: systemClock,
    fetchArtifact,
    onChange: () => {},
    onEvent: (event) => events.push(event),
    writeLog: () => {},
  });
  const balancer = createBalancer({
    stateDirectory: join(directory, "state"),
    runtime: "process",
    clock: systemClock,
    onChange: () => {},
    onEvent: () => {},
    writeLog: () => {},
  });
  return {
    instances,
    balancer,
    events,
    calls: [],
    away: false,
    async [Symbol.asyncDispose]() {
      for (const { name } of balancer.list()) await balancer.remove(name);
      await balancer[Symbol.asyncDispose]();
      for (const { id } of instances.list()) await instances.stop(id);
      await instances[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface TestHosts extends AsyncDisposable {
  client: HostClient;
  get(name: string): TestHost;
  report(address: string): HostReport | undefined;
}

/** Hosts by name, reached without a network in between. */
export async function openTestHosts(
  names: string[],
  fetchArtifact: (sha256: string) => Promise<string>,
): Promise<TestHosts> {
  const hosts = new Map<string, TestHost>();
  for (const name of names) hosts.set(name, await openHost(fetchArtifact));
  const get = (name: string) => {
    const host = hosts.get(name);
    if (!host) throw new Error(`no test host ${name}`);
    return host;
  };
  const call = async (address: string, method: string, params: unknown): Promise<unknown> => {
    const host = get(address.split("/")[2] ?? "");
    if (host.away) throw new HavnError(`${address} is not connected`, { retryable: true });
    host.calls.push(method);
    const { instances, balancer } = host;
    const request = params as { id: string; timeoutMs: number; balancer: string; slot: string; name: string };
    switch (method) {
      case "instance.start":
        return await instances.start(params as InstanceSpec);
      case "instance.waitHealthy":
        return await instances.waitHealthy(request.id, request.timeoutMs);
      case "instance.stop":
        return await instances.stop(request.id);
      case "balancer.apply":
        return await balancer.apply(params as BalancerSpec);
      case "balancer.waitUp":
        return await balancer.waitUp(request);
      case "balancer.drain":
        return await balancer.drain(request);
      case "balancer.remove":
        return await balancer.remove(request.name);
      default:
        throw new Error(`no test host answers ${method}`);
    }
  };
  return {
    client: { call: call as HostClient["call"] },
    get,
    report(address) {
      const { instances, balancer, away } = get(address.split("/")[2] ?? "");
      if (away) return undefined;
      return {
        at: Date.now(),
        revision: 1,
        instances: instances.list(),
        balancers: balancer.list(),
        drift: [],
        fights: [],
      };
    },
    async [Symbol.asyncDispose]() {
      for (const host of hosts.values()) await host[Symbol.asyncDispose]();
    },
  };
}
