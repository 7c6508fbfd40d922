import { HavnError, parseDuration, type ServiceProperties } from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { HostAccess } from "../hosts.ts";
import {
  type BalancerRow,
  deleteInstance,
  findPortOwner,
  type InstanceRow,
  listBalancers,
  listInstances,
  markServing,
  putInstance,
  putSlot,
  type SlotRow,
} from "../store.ts";
import type { RolloutStep } from "./plan.ts";

const upTimeout = 20_000;
/** Beyond what the agent itself may take to answer. */
const slack = 15_000;
const emptySlot = { instance: null, ip: "127.0.0.1", port: 1, state: "maint" } as const;

export interface EffectContext {
  environment: string;
  service: string;
  release: string;
  properties: Pick<ServiceProperties, "startTimeout" | "stopGrace">;
  /** How long to wait for a host that is away. */
  waitMs?: number;
}

/** Carries one step out. Each may be carried out again from its beginning: what it recorded and did then changes nothing. */
export async function carryOut(
  { sql, hosts }: { sql: Sql; hosts: HostAccess },
  context: EffectContext,
  step: RolloutStep,
): Promise<void> {
  const { environment, properties } = context;
  const wait = context.waitMs === undefined ? {} : { waitMs: context.waitMs };
  switch (step.kind) {
    case "start": {
      const row: InstanceRow = {
        environment,
        id: step.instance,
        service: context.service,
        host: step.host,
        release: context.release,
        port: step.port,
        serving: false,
      };
      await requireOwnPort(sql, row);
      await putInstance(sql, row);
      await hosts.putInstances(environment, step.host);
      const spec = await hosts.instanceSpec(row);
      // Its environment still holds references; fleet resolves them on the way, and only there.
      await hosts.call(hosts.key(environment, step.host), "instance.start", spec as never, {
        timeoutMs: 300_000,
        ...wait,
      });
      return;
    }
    case "wait-healthy": {
      const timeoutMs = parseDuration(properties.startTimeout);
      const request = { id: step.instance, timeoutMs };
      const options = { timeoutMs: timeoutMs + slack, ...wait };
      await hosts.call(hosts.key(environment, step.host), "instance.waitHealthy", request, options);
      await markServing(sql, environment, step.instance);
      return;
    }
    case "route": {
      const balancer = await getBalancer(sql, context);
      const ip = hosts.addressOf(environment, step.host);
      await setSlot(balancer, {
        slot: step.slot,
        instance: step.instance,
        ip,
        port: step.port,
        state: "ready",
      });
      const host = hosts.key(environment, balancer.host);
      await hosts.call(host, "balancer.apply", await hosts.balancerSpec(balancer), {
        timeoutMs: 60_000,
        ...wait,
      });
      return;
    }
    case "wait-up": {
      const { name, host } = await getBalancer(sql, context);
      const request = { balancer: name, slot: step.slot, timeoutMs: upTimeout };
      const options = { timeoutMs: upTimeout + slack, ...wait };
      await hosts.call(hosts.key(environment, host), "balancer.waitUp", request, options);
      return;
    }
    case "drain": {
      const balancer = await getBalancer(sql, context);
      const timeoutMs = parseDuration(properties.stopGrace);
      const request = { balancer: balancer.name, slot: step.slot, timeoutMs };
      const options = { timeoutMs: timeoutMs + slack, ...wait };
      await hosts.call(hosts.key(environment, balancer.host), "balancer.drain", request, options);
      await setSlot(balancer, { slot: step.slot, ...emptySlot });
      return;
    }
    case "stop": {
      const row = (await listInstances(sql, { environment, host: step.host })).find(
        ({ id }) => id === step.instance,
      );
      const timeoutMs = parseDuration(properties.stopGrace) + slack;
      // First what it shall be, then what it is: an agent that starts in between does not start it again.
      if (row) await deleteInstance(sql, row);
      await hosts.putInstances(environment, step.host);
      try {
        await hosts.call(
          hosts.key(environment, step.host),
          "instance.stop",
          { id: step.instance },
          { timeoutMs, ...wait },
        );
      } catch (error) {
        // It still runs: the record says so, and a later rollout stops it.
        if (row) await putInstance(sql, { ...row, serving: false });
        throw error;
      }
      return;
    }
  }

  async function setSlot(balancer: BalancerRow, slot: SlotRow): Promise<void> {
    await putSlot(sql, balancer, slot);
    await hosts.putBalancers(environment, balancer.host);
  }
}

async function getBalancer(sql: Sql, { environment, service }: EffectContext): Promise<BalancerRow> {
  const [balancer] = await listBalancers(sql, { environment, service });
  if (balancer) return balancer;
  throw new HavnError(`The balancer of ${service} is gone`, { detail: "Apply again: it is planned anew." });
}

async function requireOwnPort(sql: Sql, row: InstanceRow): Promise<void> {
  const owner = await findPortOwner(sql, row);
  if (!owner || owner.service === row.service) return;
  throw new HavnError(`Port ${row.port} on ${row.host} belongs to service ${owner.service}`, {
    detail: `${row.service} needs it: behind a balancer a service uses its port and the next one in turn. Declare ports that are two apart.`,
    status: 409,
  });
}

/** For people: what is happening. */
export function describeStep(step: RolloutStep): string {
  switch (step.kind) {
    case "start":
      return `starting ${step.instance} on ${step.host}:${step.port}`;
    case "wait-healthy":
      return `waiting until ${step.instance} is healthy`;
    case "route":
      return `giving ${step.instance} traffic in ${step.slot}`;
    case "wait-up":
      return `waiting until the balancer finds ${step.instance} up`;
    case "drain":
      return `draining ${step.instance} out of ${step.slot}`;
    case "stop":
      return `stopping ${step.instance} on ${step.host}`;
  }
}
