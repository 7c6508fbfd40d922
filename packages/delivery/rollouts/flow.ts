import { HavnError, parseAddress, parseDuration, type Resource } from "@havn/model";
import type { Artifacts } from "../artifacts/store.ts";
import { artifactMissing, type HostAccess, parse } from "../hosts.ts";
import type { ApplyContext, DeliveryOptions, Steps } from "../interfaces.ts";
import { changedParts, releaseId } from "../releases/release.ts";
import {
  beginRollout,
  deleteInstance,
  findRelease,
  findService,
  insertRelease,
  listBalancers,
  listInstances,
  listSlots,
  putInstance,
  recordServing,
  type ServiceKey,
  updateRollout,
} from "../store.ts";
import { carryOut, describeStep, type EffectContext } from "./effects.ts";
import { planRollout, type RolloutStep, type Stage } from "./plan.ts";

export type RolloutTools = DeliveryOptions & { artifacts: Artifacts; access: HostAccess };

interface Begun {
  id: string;
  key: ServiceKey;
  release: string;
  number: number;
  /** What serves now; null for a first deployment. */
  previous: { release: string; number: number; hosts: string[] } | null;
}

interface Failure {
  summary: string;
  detail: string;
}

/**
 * Makes `resource` the release that serves, one host at a time. What fails on the way is undone: the previous release
 * serves everywhere again before this throws. Each step is recorded when it is done, so a control plane that falls
 * goes on where it was.
 */
export async function rollOut(
  tools: RolloutTools,
  run: Steps,
  resource: Resource,
  context: ApplyContext,
): Promise<void> {
  const service = parseAddress(resource.address).name;
  const begun = await run.step(`begin rollout of ${service}`, () => begin(tools, resource, context));
  const { hosts, startTimeout, stopGrace } = parse(resource);
  const properties = { startTimeout, stopGrace };
  const target = { release: begun.release, hosts };
  const failure = await walk(tools, run, begun, { way: "forward", target, properties, context });
  if (failure === undefined) {
    await tools.expectations?.over(begun.id, { failed: false });
    await run.step(`finish rollout of ${service}`, () => finish(tools, begun, resource, context));
    return;
  }
  context.tell(`going back: ${failure.summary}`);
  await tools.expectations?.over(begun.id, { failed: true });
  const back = { release: begun.previous?.release ?? "", hosts: begun.previous?.hosts ?? [] };
  const second = await walk(tools, run, begun, { way: "back", target: back, properties, context });
  await tools.expectations?.over(begun.id, { failed: true });
  const told = await run.step(`give up rollout of ${service}`, () =>
    giveUp(tools, begun, { failure, second: second ?? null }, context),
  );
  throw new HavnError(told.summary, { detail: told.detail });
}

/** Stops and forgets every instance of a service that is no longer wanted. */
export async function retire(
  tools: RolloutTools,
  run: Steps,
  prior: Resource,
  context: ApplyContext,
): Promise<void> {
  const { environment, name: service } = parseAddress(prior.address);
  const { stopGrace, startTimeout } = parse(prior);
  const begun: Begun = {
    ...{ id: context.applyId, key: { environment, service } },
    ...{ release: "", number: 0, previous: null },
  };
  const target = { release: "", hosts: [] };
  const properties = { startTimeout, stopGrace };
  const failure = await walk(tools, run, begun, { way: "removal", target, properties, context });
  await tools.expectations?.over(begun.id, { failed: failure !== undefined });
  if (failure) throw new HavnError(failure.summary, { detail: failure.detail });
}

async function begin(tools: RolloutTools, resource: Resource, context: ApplyContext): Promise<Begun> {
  const { sql, clock, timeline, artifacts } = tools;
  const { environment, name: service } = parseAddress(resource.address);
  const key = { environment, service };
  const properties = parse(resource);
  const serving = await findService(sql, key);
  const previous = serving && (await findRelease(sql, key, serving.release));
  const changed = changedParts(previous && parse(previous.resource), properties);
  const release = await insertRelease(sql, key, {
    id: releaseId(properties),
    sourceDigest: properties.source.digest,
    resource,
    changed,
    actor: context.actor,
    createdAt: clock.now(),
  });
  if (!(await artifacts.find(properties.source.digest))) throw artifactMissing(service, release.number);
  await timeline.write({
    kind: "release.created",
    environment,
    address: resource.address,
    summary: `Release ${release.number} of ${service} was created (${changed.join(" and ") || "no change"})`,
    data: { release: release.id, number: release.number, changed },
    actor: context.actor,
    key: `release.created:${environment}/${service}/${release.id}`,
  });
  const begun: Begun = {
    id: `${context.applyId}/${service}`,
    key,
    release: release.id,
    number: release.number,
    previous: previous
      ? { release: previous.id, number: previous.number, hosts: parse(serving.resource).hosts }
      : null,
  };
  await distrustMissing(tools, key);
  const detail = `release ${release.number} is being rolled out`;
  await beginRollout(
    sql,
    key,
    { id: begun.id, service, release: release.id, previous: previous?.id ?? null, state: "running", detail },
    clock.now(),
  );
  await tell(tools, begun, "started", {
    summary: `Rollout of ${service} release ${release.number} started`,
    actor: context.actor,
  });
  return begun;
}

/** An instance that its own, connected agent does not know is started again, whatever is recorded. */
async function distrustMissing({ sql, report, access }: RolloutTools, { environment, service }: ServiceKey) {
  for (const row of await listInstances(sql, { environment, service })) {
    const known = report(access.key(environment, row.host))?.instances;
    if (known && !known.some(({ id }) => id === row.id)) await putInstance(sql, { ...row, serving: false });
  }
}

interface Walk {
  way: "forward" | "back" | "removal";
  target: { release: string; hosts: string[] };
  properties: EffectContext["properties"];
  context: ApplyContext;
}

/** Plans the way from what is recorded now, and goes it. Undefined when it was gone to its end. */
async function walk(tools: RolloutTools, run: Steps, begun: Begun, walk: Walk): Promise<Failure | undefined> {
  const { way, target, context } = walk;
  const { environment, service } = begun.key;
  const prefix = way === "forward" ? "" : `${way}: `;
  try {
    const stages = await run.step(`${prefix}plan rollout of ${service}`, () =>
      planNow(tools, begun.key, target),
    );
    let first: Failure | undefined;
    for (const [at, { lanes }] of stages.entries()) {
      const outcomes = await Promise.all(
        lanes.map(({ host, steps }) => lane(`${prefix}${at + 1}. `, host, steps)),
      );
      first ??= outcomes.find((outcome) => outcome !== undefined);
      // On the way back every other host is still brought back: one that is gone must not hold them up.
      if (first && way === "forward") return first;
    }
    return first;
  } catch (error) {
    return failureOf(error);
  }

  async function lane(name: string, host: string, steps: RolloutStep[]): Promise<Failure | undefined> {
    for (const step of steps) {
      const detail = describeStep(step);
      context.tell(detail);
      const outcome = await run.step(`${name}${detail}`, () => attempt(step, detail));
      if (outcome) return outcome;
    }
    if (way === "forward" && steps.some(({ kind }) => kind === "start"))
      await run.step(`${name}tell that ${host} is done`, () =>
        tell(tools, begun, "instance", {
          summary: `${host} runs release ${begun.number} of ${service}`,
          host,
          actor: context.actor,
        }),
      );
    return undefined;
  }

  /** A failure is a result: it is recorded, and the way back is planned from it even after a restart. */
  async function attempt(step: RolloutStep, detail: string): Promise<Failure | null> {
    await updateRollout(tools.sql, begun.id, { state: "running", detail: `${prefix}${detail}` });
    await expectTrouble(step);
    const effect: EffectContext = {
      environment,
      service,
      release: target.release,
      properties: walk.properties,
      ...(way === "forward" ? {} : { waitMs: 15_000 }),
    };
    try {
      await carryOut({ sql: tools.sql, hosts: tools.access }, effect, step);
      return null;
    } catch (error) {
      if (!(error instanceof HavnError)) throw error;
      const leaving = "host" in step ? !target.hosts.includes(step.host) : way === "removal";
      if (!error.retryable || !leaving) return failureOf(error);
      // The host is gone, and was to be left anyway: nobody waits for it.
      if (step.kind === "stop") await forget(step);
      return null;
    }
  }

  /** An instance that is started or stopped on purpose is no trouble, for as long as that may take. */
  async function expectTrouble(step: RolloutStep): Promise<void> {
    if (!("host" in step)) return;
    const { startTimeout, stopGrace } = walk.properties;
    await tools.expectations?.expect({
      ...{ id: `${begun.id}/${step.host}`, kind: "deploy", environment },
      about: { service, host: step.host },
      reason: way === "removal" ? `removal of ${service}` : `deploy of release ${begun.number} of ${service}`,
      forMs: parseDuration(startTimeout) + parseDuration(stopGrace) + expectedSlackMs,
    });
  }

  async function forget({ host, instance }: { host: string; instance: string }): Promise<void> {
    const rows = await listInstances(tools.sql, { environment, service, host });
    for (const row of rows) if (row.id === instance) await deleteInstance(tools.sql, row);
  }
}

async function planNow({ sql }: RolloutTools, key: ServiceKey, target: Walk["target"]): Promise<Stage[]> {
  const instances = await listInstances(sql, key);
  const [balancer] = await listBalancers(sql, key);
  const slots = balancer && (await listSlots(sql, key.environment, balancer.name));
  const release = target.release === "" ? undefined : await findRelease(sql, key, target.release);
  return planRollout({
    service: key.service,
    release: target.release,
    hosts: target.hosts,
    port: release ? parse(release.resource).port : 0,
    instances,
    balancer: slots && {
      slots: slots.map(({ slot, instance, state }) => ({
        slot,
        instance: instance ?? undefined,
        ready: state === "ready",
      })),
    },
  });
}

async function finish(tools: RolloutTools, begun: Begun, resource: Resource, { actor }: ApplyContext) {
  const { sql, clock, artifacts } = tools;
  const { environment, service } = begun.key;
  const { address } = resource;
  const row = { environment, name: service, address, release: begun.release, resource };
  await recordServing(sql, row, clock.now());
  const detail = `release ${begun.number} serves`;
  await updateRollout(sql, begun.id, { state: "finished", detail, endedAt: clock.now() });
  const summary = `Rollout of ${service} release ${begun.number} finished`;
  await tell(tools, begun, "finished", { summary, actor });
  await artifacts.clean();
}

async function giveUp(
  tools: RolloutTools,
  begun: Begun,
  { failure, second }: { failure: Failure; second: Failure | null },
  { actor }: ApplyContext,
): Promise<Failure> {
  const { service } = begun.key;
  const outcome = second
    ? `The way back failed, too: ${second.summary}. Apply again when that is mended.`
    : begun.previous
      ? `Release ${begun.previous.number} serves on all hosts.`
      : "It was the first release: nothing serves.";
  const summary = `Release ${begun.number} of ${service} was rolled back: ${failure.summary}`;
  const detail = `${outcome}${failure.detail ? ` ${failure.detail}` : ""}`;
  await updateRollout(tools.sql, begun.id, { state: "failed", detail: summary, endedAt: tools.clock.now() });
  await tell(tools, begun, "failed", { summary, actor, detail });
  return { summary, detail };
}

function tell(
  { timeline }: RolloutTools,
  { id, key, release, number, previous }: Begun,
  what: "started" | "instance" | "finished" | "failed",
  { summary, actor, host, detail }: { summary: string; actor: string; host?: string; detail?: string },
): Promise<void> {
  return timeline.write({
    kind: `rollout.${what}`,
    severity: what === "failed" ? "error" : "info",
    environment: key.environment,
    address: `${key.environment}/service/${key.service}`,
    host,
    summary,
    data: { rollout: id, release, number, previous: previous?.number, ...(detail ? { detail } : {}) },
    actor,
    key: `rollout.${what}:${id}${host ? `:${host}` : ""}`,
  });
}

/** What a step may take beside starting and stopping: the way to the host, the balancer. */
const expectedSlackMs = 60_000;

const failureOf = (error: unknown): Failure =>
  error instanceof HavnError
    ? { summary: error.message, detail: error.detail }
    : { summary: error instanceof Error ? error.message : String(error), detail: "" };
