import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { until } from "@havn/testkit";
import { openHavn } from "../../apps/server/testing/havn.ts";

/**
 * So many firing alerts, sent in as Prometheus sends them to an Alertmanager: how long until all are taken in for good,
 * and until every group of them was told to its receiver. The server is a process as users have it; its memory is the most
 * that it ever held. Groups wait a second, and tell what came later a second after: while alerts still come in, a group is
 * told several times.
 *
 *     scripts/node.sh bench/alerting/alerts.ts [--alerts 100000] [--groups 1000]
 */
const { values } = parseArgs({
  options: { alerts: { type: "string", default: "100000" }, groups: { type: "string", default: "1000" } },
});
const [count, groups] = [Number(values.alerts), Number(values.groups)];
const batch = 5000;

/** How many alerts it has heard of. */
const heard = new Set<string>();
let notifications = 0;
const hook = createServer(async (request, response) => {
  const body = JSON.parse(await text(request)) as { alerts: { labels: { instance: string } }[] };
  for (const { labels } of body.alerts) heard.add(labels.instance);
  notifications++;
  response.end();
}).listen(0, "127.0.0.1");
await once(hook, "listening");

const config = `
import { environment, receiver, route } from "havn";

export default environment("bench", {}, () => {
  const hook = receiver("hook", {
    channels: [{ kind: "webhook", url: "http://127.0.0.1:${(hook.address() as AddressInfo).port}" }],
  });
  const other = receiver("other", { channels: [] });
  route("all", {
    receiver: other,
    routes: [
      { match: ['severity="info"'], receiver: other },
      {
        match: ['severity=~"critical|warning"'],
        receiver: hook,
        groupBy: ["alertname", "service"],
        groupWait: "1s",
        groupInterval: "1s",
      },
    ],
  });
});
`;
const alertOf = (at: number) => ({
  labels: {
    alertname: "Broken",
    env: "bench",
    severity: at % 2 === 0 ? "critical" : "warning",
    service: `service-${at % groups}`,
    instance: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}:9100`,
    cluster: "north",
  },
  annotations: { summary: `Instance ${at} of service-${at % groups} does not answer` },
});

const work = await mkdtemp("/tmp/havn-bench-alerts-");
await using havn = await openHavn("bench-alerts");
try {
  await writeFile(join(work, "havn.config.ts"), config);
  await havn.must(["up", work, "--yes"]);
  const pid = await havn.serverPid();
  const before = await memoryOf(pid);
  console.log(`${cpus().length} cores, ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`);
  const cpuBefore = new Map<string, number>();
  for (const whose of ["server", "postgres"]) cpuBefore.set(whose, await cpuOf(pid, whose));
  const began = performance.now();
  const since = () => `${((performance.now() - began) / 1000).toFixed(2)} s`;
  for (let at = 0; at < count; at += batch) {
    const body = Array.from({ length: Math.min(batch, count - at) }, (_, one) => alertOf(at + one));
    const { status, text: said } = await havn.call({ method: "POST", path: "/api/v2/alerts", body });
    if (status !== 200) throw new Error(`${status} ${said}`);
  }
  console.log(`${count} alerts in ${groups} groups: taken in after ${since()}`);
  await until(() => heard.size === count, { what: "all alerts", timeoutMs: 240_000, intervalMs: 20 }).catch(
    (error) => console.log(`${error}: heard of ${heard.size}`),
  );
  console.log(`all told after ${since()}, in ${notifications} notifications`);
  const after = await memoryOf(pid);
  console.log(`the server held ${before.now} MB before, ${after.now} MB now, ${after.most} MB at most`);
  const used = async (whose: string) => ((await cpuOf(pid, whose)) - (cpuBefore.get(whose) ?? 0)).toFixed(1);
  console.log(`processor time: the server ${await used("server")} s, PostgreSQL ${await used("postgres")} s`);
} finally {
  await rm(work, { recursive: true, force: true });
  hook.closeAllConnections();
  hook.close();
}

/** Megabytes. */
async function memoryOf(pid: number | undefined): Promise<{ now: number; most: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name: string) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1000);
  return { now: field("VmRSS"), most: field("VmHWM") };
}

/** Seconds of processor time of the server itself, or of its PostgreSQL with all sessions. */
async function cpuOf(server: number | undefined, whose: string): Promise<number> {
  const processes = await Promise.all(
    (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(statOf),
  );
  const own = processes.filter(({ pid }) => pid === server);
  const postgres = new Set(
    processes.filter(({ parent, name }) => parent === server && name === "postgres").map(({ pid }) => pid),
  );
  const sessions = processes.filter(({ pid, parent }) => postgres.has(pid) || postgres.has(parent));
  return (whose === "server" ? own : sessions).reduce((sum, { seconds }) => sum + seconds, 0);
}

async function statOf(pid: string): Promise<{ pid: number; parent: number; name: string; seconds: number }> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const name = /\((.*)\)/.exec(text)?.[1] ?? "";
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { pid: Number(pid), parent: Number(fields[1]), name, seconds: ticks / 100 || 0 };
}
