import type { Sql } from "@havn/postgres";
import { virtualClock } from "@havn/testkit";
import { createRouting } from "../index.ts";
import { putRoute, sqlRoutingStore } from "../store.ts";
import { type ComparedNotification, type Scenario, tickCount } from "./scenarios.ts";

const start = Date.UTC(2026, 0, 1);

/** The same through Havn's own routing, on a clock that is held. Its tables must be there. */
export async function runHavn(
  sql: Sql,
  scenarios: readonly Scenario[],
  halfTickMs: number,
): Promise<Map<string, ComparedNotification[]>> {
  const clock = virtualClock(start);
  const told = new Map<string, ComparedNotification[]>();
  for (const { env, routes } of scenarios)
    await putRoute(sql, { address: `${env}/route/all`, environment: env, name: "all", properties: routes });
  const routing = await createRouting({
    ...{ store: sqlRoutingStore(sql), clock, log: (message) => console.error(message) },
    async deliver(notifications) {
      for (const { receiver, groupLabels, alerts } of notifications) {
        const [env = "", , own = ""] = receiver.split("/");
        const one = {
          ...{ receiver: own, groupLabels: { ...groupLabels } },
          alerts: alerts.map(({ labels, state }) => `${labels.alertname} ${state}`),
        };
        told.set(env, [...(told.get(env) ?? []), one]);
      }
    },
  });
  for (let tick = 0; tick < tickCount + 2; tick++) {
    const now = clock.now();
    const sent = scenarios.flatMap(({ ticks }) => ticks[tick] ?? []);
    await routing.receive(
      sent.map(({ labels, state }) => ({
        ...{ labels, annotations: {}, generatorUrl: "", startsAt: now },
        endsAt: state === "resolved" ? now : now + 3_600_000,
      })),
    );
    await clock.advance(halfTickMs);
    await routing.tick();
    await clock.advance(halfTickMs);
  }
  return told;
}
