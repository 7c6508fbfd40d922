import type { Readable } from "node:stream";
import type { Delivery } from "@havn/delivery";
import type { Fleet } from "@havn/fleet";
import type { Infrastructure } from "@havn/infrastructure";
import { type Apply, type Clock, HavnError, type HostRun, parseAddress } from "@havn/model";
import { type PromqlEngine, parsePromql, restrict } from "@havn/promql";
import type { Hands } from "@havn/response";

const longestQueryMs = 30_000;

/** With what runbooks act: commands as `havn run` runs them, applies as people start them. */
export function createHands(rooms: {
  fleet: Fleet;
  delivery: Delivery;
  infrastructure: Infrastructure;
  promql: PromqlEngine;
  clock: Clock;
}): Hands {
  const { fleet, delivery, infrastructure, promql, clock } = rooms;

  /** The apply that this actor has begun, or else begins now; once it has ended. */
  async function applyOnce(environment: string, actor: string, begin: () => Promise<Apply>): Promise<void> {
    const known = await infrastructure.applies.list({ environment });
    const apply = known.find((one) => one.actor === actor) ?? (await begin());
    const ended = await infrastructure.applies.finished(apply.id);
    if (ended.state === "succeeded") return;
    throw new HavnError(
      `The apply ended ${ended.state}${ended.error === undefined ? "" : `: ${ended.error}`}`,
      {
        detail: `Look at it with \`havn apply show ${ended.id}\`.`,
      },
    );
  }

  return {
    chooseHosts: async (environment, expression) =>
      fleet.runs.choose(expression, environment).map((address) => parseAddress(address).name),
    async run({ environment, hosts, actor, command, ...task }) {
      const run = await fleet.runs.create({
        ...{ environment, hosts: hosts.join(" | "), actor, concurrency: 50 },
        task: { kind: "command", command: [...command], ...task },
      });
      await readToEnd(await fleet.runs.start(run.id, new AbortController().signal));
      const { results } = await fleet.runs.get(run.id, { output: true });
      const told = results.map(outcomeOf);
      const [first] = told;
      return {
        ok: told.every(({ state }) => state === "ok"),
        hosts: told,
        ...{ code: first?.code ?? null, stdout: first?.stdout ?? "", stderr: first?.stderr ?? "" },
      };
    },
    async query(environment, expr) {
      const own = restrict(parsePromql(expr), { name: "env", operator: "=", value: environment });
      const signal = AbortSignal.timeout(longestQueryMs);
      const result = await promql.instant(own, clock.now(), { signal });
      if (result.type === "scalar") return [{ labels: {}, value: result.value }];
      return result.type === "vector"
        ? result.vector.map(({ labels, value }) => ({ labels: { ...labels }, value }))
        : [];
    },
    hostsOf: delivery.hostsOf,
    restart: ({ environment, service, ...on }) => delivery.restart(environment, service, on),
    rollback: ({ environment, service, actor }) =>
      applyOnce(environment, actor, () => delivery.rollback(environment, service, actor)),
    scale: ({ environment, service, hosts, actor }) =>
      applyOnce(environment, actor, () => delivery.scale(environment, service, { hosts, actor })),
  };
}

async function readToEnd(lines: Readable): Promise<void> {
  for await (const _ of lines);
}

const outcomeOf = ({ host, state, code, stdout, stderr, error }: HostRun) => ({
  ...{ host: parseAddress(host).name, state, code: code ?? null },
  ...{ stdout: stdout ?? "", stderr: stderr ?? error ?? "" },
});
