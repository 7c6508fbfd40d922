import { type PropertyChange, parseAddress, type Resource, type ServiceProperties } from "@havn/model";
import { parse } from "../hosts.ts";
import type { ResourceExecutor, ResourcePlan } from "../interfaces.ts";
import { instanceId, releaseId, serviceDifferences } from "../releases/release.ts";
import { type RolloutTools, retire, rollOut } from "../rollouts/flow.ts";
import { deleteService, findLatestRollout, findService, type InstanceRow, listInstances } from "../store.ts";

/** Resource type `service`: compared with what serves and with the instances that are there; made real by a rollout. */
export function serviceExecutor(tools: RolloutTools): ResourceExecutor {
  const { sql, report, access } = tools;
  return {
    types: ["service"],
    async plan(desired) {
      if (!desired) return { action: "delete", changes: [] };
      const { environment, name: service } = parseAddress(desired.address);
      const properties = parse(desired);
      const serving = await findService(sql, { environment, service });
      if (!serving) return { action: "create", changes: serviceDifferences(undefined, properties) };
      const rows = await listInstances(sql, { environment, service });
      const here = (row: InstanceRow) => {
        const known = report(access.key(environment, row.host))?.instances;
        return known === undefined || known.some(({ id }) => id === row.id);
      };
      const changes = [
        ...serviceDifferences(parse(serving.resource), properties),
        ...instanceDifferences(service, properties, rows.filter(here)),
      ];
      if (changes.length === 0) return { action: "no-op", changes };
      const reason = await reasonFor(serving.resource);
      return { action: "update", changes, ...(reason === undefined ? {} : { reason }) };
    },
    apply: (run, _change, desired, context) => rollOut(tools, run, desired, context),
    async remove(run, prior, context) {
      const { environment, name: service } = parseAddress(prior.address);
      await retire(tools, run, prior, context);
      await run.step(`forget ${service}`, () => deleteService(sql, { environment, service }));
    },
  };

  async function reasonFor(serving: Resource): Promise<ResourcePlan["reason"]> {
    const { environment, name: service } = parseAddress(serving.address);
    const rollout = await findLatestRollout(sql, { environment, service });
    return rollout?.state === "failed" ? `the last rollout failed: ${rollout.detail}` : undefined;
  }
}

/** Instances that should be there and are not, or the other way round; only those of the release that is wanted. */
function instanceDifferences(
  service: string,
  properties: ServiceProperties,
  present: InstanceRow[],
): PropertyChange[] {
  const release = releaseId(properties);
  const wanted = properties.hosts.map((host) => instanceId(service, host, release));
  const serving = present.filter((row) => row.serving && row.release === release).map(({ id }) => id);
  // Hosts and releases that differ are shown as what they are; this is for what went missing or was left over.
  const changes: PropertyChange[] = [];
  if (present.some((row) => row.release === release))
    for (const id of wanted)
      if (!serving.includes(id))
        changes.push({ property: `instance ${id}`, before: "missing", after: "running" });
  for (const { id, serving: serves } of present)
    if (!serves && !wanted.includes(id))
      changes.push({ property: `instance ${id}`, before: "left over", after: "stopped" });
  if (present.length === 0)
    changes.push({ property: "instances", before: "none", after: `on ${properties.hosts.join(", ")}` });
  return changes;
}
