import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { systemClock as clock, type RouteProperties } from "@havn/model";
import { freePort, temporaryDirectory, until } from "@havn/testkit";
import { type ComparedNotification, type Scenario, tickCount } from "./scenarios.ts";

/** Debian's name of it. */
const program = "prometheus-alertmanager";

interface Outcome {
  /** By the scenario's environment. */
  told: Map<string, ComparedNotification[]>;
  /** How much later than planned something was sent or told at worst: more than a quarter of a tick proves nothing. */
  latestMs: number;
  /** How often it gave up telling, or told again what was taken already: it had no time, and that is no semantics. */
  unheard: number;
}

/** Sends all scenarios through one real Alertmanager at the same time; takes `tickCount + 2` ticks. */
export async function runAlertmanager(scenarios: readonly Scenario[], halfTickMs: number): Promise<Outcome> {
  await using directory = await temporaryDirectory();
  const told = new Map<string, ComparedNotification[]>();
  // Groups are looked at half-way between ticks: what arrives nearer to one was told late.
  const planned = { begin: 0 };
  let toldLateMs = 0;
  const receiver = createServer(async (request, response) => {
    const phase = (clock.now() - planned.begin) % (2 * halfTickMs);
    toldLateMs = Math.max(toldLateMs, Math.abs(phase - halfTickMs));
    const {
      receiver: name,
      groupLabels,
      alerts,
    } = JSON.parse(await text(request)) as {
      receiver: string;
      groupLabels: Record<string, string>;
      alerts: { status: string; labels: Record<string, string> }[];
    };
    const [env = "", own = ""] = name.split("/");
    const one = {
      ...{ receiver: own, groupLabels },
      alerts: alerts.map(({ status, labels }) => `${labels.alertname} ${status}`),
    };
    told.set(env, [...(told.get(env) ?? []), one]);
    response.end();
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port: receiverPort } = receiver.address() as AddressInfo;
  const config = join(directory.path, "alertmanager.json");
  // YAML is a superset of JSON.
  await writeFile(config, JSON.stringify(configOf(scenarios, `http://127.0.0.1:${receiverPort}/`)));
  const port = await freePort();
  const child = spawn(
    program,
    [
      ...[`--config.file=${config}`, `--storage.path=${directory.path}`, "--log.level=warn"],
      ...[`--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address="],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let unheard = 0;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (/Notify (attempt|for alerts) failed/.test(line)) unheard++;
    else console.error(line);
  });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  failed.catch(() => {});
  const base = `http://127.0.0.1:${port}`;
  try {
    const ready = async () => (await fetch(`${base}/-/ready`)).ok;
    await Promise.race([until(ready, { what: `${program} to be ready`, timeoutMs: 120_000 }), failed]);
    planned.begin = clock.now() + 200;
    const sentLateMs = await Promise.race([sendTicks(scenarios, base, { halfTickMs, ...planned }), failed]);
    return { told, latestMs: Math.max(sentLateMs, toldLateMs), unheard };
  } finally {
    child.kill("SIGKILL");
    receiver.closeAllConnections();
    receiver.close();
  }
}

async function sendTicks(
  scenarios: readonly Scenario[],
  base: string,
  { halfTickMs, begin }: { halfTickMs: number; begin: number },
): Promise<number> {
  let latestMs = 0;
  for (let tick = 0; tick < tickCount; tick++) {
    const planned = begin + tick * 2 * halfTickMs;
    await clock.sleep(planned - clock.now());
    const now = new Date(clock.now()).toISOString();
    const later = new Date(clock.now() + 3_600_000).toISOString();
    const body = scenarios.flatMap(({ ticks }) =>
      (ticks[tick] ?? []).map(({ labels, state }) => ({
        labels,
        startsAt: now,
        endsAt: state === "resolved" ? now : later,
      })),
    );
    const answer = await fetch(`${base}/api/v2/alerts`, {
      ...{ method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } },
    });
    if (!answer.ok) throw new Error(`${program} answered ${answer.status}: ${await answer.text()}`);
    latestMs = Math.max(latestMs, clock.now() - planned);
  }
  // Whatever is due after the last tick: two looks of the slowest group.
  const end = begin + (tickCount + 2) * 2 * halfTickMs;
  await clock.sleep(end - clock.now());
  return latestMs;
}

function configOf(scenarios: readonly Scenario[], url: string) {
  const receivers = [{ name: "none" }, ...scenarios.flatMap((one) => receiversOf(one, url))];
  return {
    route: {
      receiver: "none",
      routes: scenarios.map(({ env, routes }) => ({
        ...routeOf(env, routes),
        matchers: [`env="${env}"`],
      })),
    },
    receivers,
    inhibit_rules: scenarios.flatMap(({ env, routes }) =>
      (routes.inhibit ?? []).map(({ source, target, equal }) => ({
        source_matchers: [...source, `env="${env}"`],
        target_matchers: [...target, `env="${env}"`],
        equal: ["env", ...equal],
      })),
    ),
  };
}

function receiversOf({ env, routes }: Scenario, url: string) {
  const namesOf = (node: RouteProperties): string[] => [
    ...(node.receiver === undefined ? [] : [node.receiver]),
    ...(node.routes ?? []).flatMap(namesOf),
  ];
  return namesOf(routes).map((name) => ({
    name: `${env}/${name}`,
    webhook_configs: [{ url, send_resolved: true }],
  }));
}

function routeOf(env: string, node: RouteProperties): Record<string, unknown> {
  return {
    ...(node.receiver !== undefined && { receiver: `${env}/${node.receiver}` }),
    ...(node.match && { matchers: node.match }),
    ...(node.continue && { continue: true }),
    ...(node.groupBy && { group_by: node.groupBy }),
    ...(node.groupWait !== undefined && { group_wait: node.groupWait }),
    ...(node.groupInterval !== undefined && { group_interval: node.groupInterval }),
    ...(node.repeatInterval !== undefined && { repeat_interval: node.repeatInterval }),
    routes: (node.routes ?? []).map((child) => routeOf(env, child)),
  };
}
