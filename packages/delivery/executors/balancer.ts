import {
  type BalancerProperties,
  balancerProperties,
  type PropertyChange,
  parseAddress,
  type Resource,
} from "@havn/model";
import type { ApplyContext, ResourceExecutor, Steps } from "../interfaces.ts";
import type { RolloutTools } from "../rollouts/flow.ts";
import {
  type BalancerRow,
  deleteBalancer,
  findBalancer,
  type InstanceRow,
  listInstances,
  listSlots,
  putBalancer,
  putSlot,
  type SlotRow,
} from "../store.ts";

const slotCount = 16;

/** Resource type `balancer`: HAProxy in front of a service, a slot for each of its instances. */
export function balancerExecutor(tools: RolloutTools): ResourceExecutor {
  const { sql, report, access } = tools;
  return {
    types: ["balancer"],
    async plan(desired) {
      if (!desired) return { action: "delete", changes: [] };
      const { environment, name } = parseAddress(desired.address);
      const properties = balancerProperties.parse(desired.properties);
      const row = await findBalancer(sql, environment, name);
      if (!row) return { action: "create", changes: differences(undefined, properties) };
      const changes = differences(row, properties);
      const seen = report(access.key(environment, row.host))?.balancers;
      const running = seen?.find((one) => one.name === name);
      if (seen && (!running || running.error))
        changes.push({ property: "haproxy", before: running?.error ?? "not running", after: "running" });
      const missing = await unrouted(row);
      if (missing.length > 0)
        changes.push({ property: "slots", before: `without ${missing.join(", ")}`, after: "every instance" });
      return { action: changes.length > 0 ? "update" : "no-op", changes };
    },
    async apply(run, _change, desired, context) {
      await applyBalancer(run, desired, context);
    },
    async remove(run, prior, { tell }) {
      const { environment, name } = parseAddress(prior.address);
      tell(`stopping HAProxy of ${name}`);
      await run.step(`remove balancer ${name}`, async () => {
        const row = await findBalancer(sql, environment, name);
        if (!row) return;
        await deleteBalancer(sql, environment, name);
        try {
          await removeFrom(row);
        } catch (error) {
          // A host that is gone takes its HAProxy along.
          if (!(error as { retryable?: boolean }).retryable) throw error;
        }
      });
    },
  };

  async function removeFrom({ environment, name, host }: BalancerRow): Promise<void> {
    await access.putBalancers(environment, host);
    const options = { timeoutMs: 30_000, waitMs: 10_000 };
    await access.call(access.key(environment, host), "balancer.remove", { name }, options);
  }

  /** Instances that serve and have no slot, or one that points elsewhere. */
  async function unrouted({ environment, name, service }: BalancerRow): Promise<string[]> {
    const slots = await listSlots(sql, environment, name);
    const rows = await listInstances(sql, { environment, service });
    return rows.filter((row) => row.serving && !isRouted(row, slots)).map(({ id }) => id);
  }

  function isRouted({ environment, host, id, port }: InstanceRow, slots: SlotRow[]): boolean {
    const slot = slots.find((one) => one.instance === id);
    const ip = tools.hostAddress(access.key(environment, host));
    return slot?.state === "ready" && slot.port === port && (ip === undefined || slot.ip === ip);
  }

  async function applyBalancer(run: Steps, desired: Resource, { tell }: ApplyContext): Promise<void> {
    const { environment, name } = parseAddress(desired.address);
    const { host, service, port } = balancerProperties.parse(desired.properties);
    const row: BalancerRow = { environment, name, address: desired.address, host, service, port };
    const before = await run.step(`record balancer ${name}`, async () => {
      const present = await findBalancer(sql, environment, name);
      await putBalancer(sql, row, slotCount);
      return present ?? null;
    });
    tell(`setting up HAProxy on ${host}`);
    const slots = await run.step(`give instances of ${service} their slots`, () => fillSlots(row));
    await run.step(`apply balancer ${name} on ${host}`, async () => {
      await access.putBalancers(environment, host);
      const spec = await access.balancerSpec(row);
      await access.call(access.key(environment, host), "balancer.apply", spec, { timeoutMs: 60_000 });
    });
    for (const slot of slots) {
      tell(`waiting until ${slot} is up`);
      const request = { balancer: name, slot, timeoutMs: 30_000 };
      await run.step(`wait until ${slot} of ${name} is up`, () =>
        access.call(access.key(environment, host), "balancer.waitUp", request, { timeoutMs: 45_000 }),
      );
    }
    // Clients can use the new place before the old one goes.
    if (before && before.host !== host)
      await run.step(`remove balancer ${name} from ${before.host}`, () => removeFrom(before));
  }

  /** Slots keep their instances; gone ones are emptied; the names of slots that take traffic. */
  async function fillSlots(row: BalancerRow): Promise<string[]> {
    const { environment, service } = row;
    const serving = (await listInstances(sql, { environment, service })).filter((one) => one.serving);
    const slots = await listSlots(sql, environment, row.name);
    for (const slot of slots)
      if (slot.instance && !serving.some(({ id }) => id === slot.instance))
        Object.assign(slot, { instance: null, ip: "127.0.0.1", port: 1, state: "maint" });
    for (const { id, host, port } of serving) {
      const slot = slots.find((one) => one.instance === id) ?? slots.find((one) => one.instance === null);
      if (!slot) throw new RangeError(`Balancer ${row.name} has ${slotCount} slots and needs more`);
      Object.assign(slot, { instance: id, ip: access.addressOf(environment, host), port, state: "ready" });
    }
    for (const slot of slots) await putSlot(sql, row, slot);
    return slots.filter(({ state }) => state === "ready").map(({ slot }) => slot);
  }
}

function differences(before: BalancerRow | undefined, after: BalancerProperties): PropertyChange[] {
  return (["host", "service", "port"] as const)
    .filter((property) => before?.[property] !== after[property])
    .map((property) => ({
      property,
      ...(before ? { before: before[property] } : {}),
      after: after[property],
    }));
}
