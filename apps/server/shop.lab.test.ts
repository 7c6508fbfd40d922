import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type MethodResult, runLoad } from "@havn/delivery/load";
import { createNspawnProvider } from "@havn/fleet/machines/nspawn";
import type { EnvironmentStatus } from "@havn/model";
import { type MailServer, openMailServer } from "@havn/response/testing";
import { until } from "@havn/testkit";
import { copyExample, type ExampleCopy } from "./testing/examples.ts";
import { type Havn, openHavn } from "./testing/havn.ts";
import { allEnded, kill9, processesOf } from "./testing/processes.ts";
import { ssh } from "./testing/ssh.ts";
import { openHook, readMail, type ToldHook } from "./testing/told.ts";

// The shop on real machines, through the command line. Each step stands on the ones before.
let havn: Havn;
let example: ExampleCopy;
let mail: MailServer;
let hook: ToldHook;
before(async () => {
  havn = await openHavn("shop");
  example = await copyExample("shop");
  [mail, hook] = await Promise.all([openMailServer(), openHook()]);
  const paging = { mail: { server: mail.url, from: "havn@shop.test", to: "keeper@shop.test" } };
  await mkdir(join(example.directory, "paging"));
  await writeFile(
    join(example.directory, "paging/shop.yaml"),
    JSON.stringify({ ...paging, webhook: hook.url }),
  );
});
after(async () => {
  await havn[Symbol.asyncDispose]();
  for (const one of [example, mail, hook]) await one[Symbol.asyncDispose]();
});

const bound = { timeout: 900_000 };
const run = promisify(execFile);
const status = () => havn.status("shop");
const shopUrl = async () => {
  const url = (await status()).balancers[0]?.url;
  assert.ok(url);
  return url;
};
const hostOf = (now: EnvironmentStatus, name: string) => {
  const host = now.hosts.find((one) => one.name === name);
  assert.ok(host?.ip);
  return { ...host, ip: host.ip };
};
const healthy = (what: string) =>
  until(
    async () => {
      const now = await status();
      const up = now.balancers[0]?.slots.filter(({ state }) => state === "UP").length;
      return now.health === "healthy" && up === 2 && now;
    },
    { what, timeoutMs: 240_000, intervalMs: 200 },
  );

/** Where the timeline ended when the machine was killed. */
let beforeKill = 0;

interface IncidentAnswer {
  suspects: { event: { kind: string }; evidence: string[] }[];
  timeline: { summary: string }[];
}

interface Load {
  stop(): Promise<Record<"GET" | "POST", MethodResult>>;
}

let loads = 0;
/** A modest load until it is stopped: this is about lost requests, not about speed. */
async function startLoad({ posts }: { posts: number }): Promise<Load> {
  const ending = new AbortController();
  const serial = ++loads;
  const result = runLoad({
    url: await shopUrl(),
    ...{ rps: 50, seconds: 200, connections: 16, posts, signal: ending.signal },
    get: { path: "/api/products" },
    post: {
      path: "/api/orders",
      body: () => '{"items":[{"product":"rope","quantity":1}]}',
      headers: (number) => ({ "idempotency-key": `lab-${process.pid}-${serial}-${number}` }),
    },
  });
  await sleep(500);
  return {
    stop() {
      ending.abort();
      return result;
    },
  };
}

function assertNoneLost(result: Record<"GET" | "POST", MethodResult>, leastSent = 20): void {
  assert.ok(result.GET.sent >= leastSent, JSON.stringify(result));
  assert.equal(result.GET.lost + result.POST.lost, 0, JSON.stringify(result));
}

describe("the shop, from nothing to nothing", () => {
  test("up makes four machines and a balanced shop", bound, async (context) => {
    const { stdout, seconds } = await havn.must(["up", example.directory, "--yes"]);
    context.diagnostic(`up took ${seconds.toFixed(1)} s`);
    assert.match(stdout, /shop is healthy/);
    const now = await healthy("two instances behind the balancer");
    assert.deepEqual(
      now.hosts.map(({ name, connected, machine }) => [name, connected, machine]).toSorted(),
      ["db-1", "lb-1", "web-1", "web-2"].map((name) => [name, true, "running"]),
    );
    assert.match(await (await fetch(await shopUrl())).text(), /Chandlery/);
  });

  test("plan right after: no changes, exit 0", bound, async () => {
    await havn.must(["plan", example.directory]);
  });

  test("a managed file edited by hand is drift within a minute; apply mends it", bound, async (context) => {
    const { ip } = hostOf(await status(), "web-1");
    await ssh(havn.dataDirectory, ip, "echo by hand >> /etc/motd");
    const began = performance.now();
    const { stdout } = await until(
      async () => {
        const drift = await havn.run("drift");
        return drift.stdout.includes("by hand") && drift;
      },
      { what: "the drift", timeoutMs: 240_000, intervalMs: 1000 },
    );
    context.diagnostic(`drift was seen after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    assert.match(stdout, /^.*-.*by hand/m);
    assert.match(stdout, /motd/);
    await havn.must(["apply", example.directory, "--yes"]);
    assert.doesNotMatch(await ssh(havn.dataDirectory, ip, "cat /etc/motd"), /by hand/);
    await havn.must(["plan", example.directory]);
    await until(async () => !(await havn.run("drift")).stdout.includes("by hand"), {
      what: "no drift",
      timeoutMs: 240_000,
      intervalMs: 1000,
    });
  });

  test("deploy and rollback under load lose no request", bound, async () => {
    const load = await startLoad({ posts: 0.2 });
    await example.edit("havn.config.ts", "Havn Chandlery", "New Chandlery");
    await havn.must(["deploy", example.directory, "--yes"]);
    assert.match(await (await fetch(await shopUrl())).text(), /New Chandlery/);
    await havn.must(["rollback", "shop"]);
    assert.match(await (await fetch(await shopUrl())).text(), /Havn Chandlery/);
    assertNoneLost(await load.stop(), 100);
    await healthy("both instances after the rollback");
  });

  test("kill -9 of an instance: no GET is lost, an alert fires and resolves", bound, async (context) => {
    const now = await healthy("both instances");
    const instance = now.services[0]?.instances.find(({ host }) => host === "web-1");
    assert.ok(instance?.pid);
    const last = await havn.lastEventId("shop");
    const load = await startLoad({ posts: 0 });
    const killedAt = Date.now();
    await ssh(havn.dataDirectory, hostOf(now, "web-1").ip, `kill -9 ${instance.pid}`);
    const firing = await havn.event("shop", "alert.firing", { after: last });
    context.diagnostic(`the alert stood on the timeline after ${Date.now() - killedAt} ms`);
    await havn.event("shop", "alert.resolved", { after: firing.id });
    await healthy("both instances again");
    assertNoneLost(await load.stop(), 50);
  });

  test(
    "a killed machine: seen as lost, traffic goes elsewhere, it comes back by itself",
    bound,
    async (context) => {
      const last = await havn.lastEventId("shop");
      beforeKill = last;
      const load = await startLoad({ posts: 0 });
      await createNspawnProvider(havn).kill("shop", "web-2");
      const lost = await havn.event("shop", "host.lost", { after: last, timeoutMs: 240_000 });
      // What was under way to the dead machine may be gone; from the moment it is known to be, nothing is.
      const first = await load.stop();
      context.diagnostic(`GETs lost until the host was seen as lost: ${JSON.stringify(first.GET)}`);
      const elsewhere = await startLoad({ posts: 0 });
      await sleep(1500);
      assertNoneLost(await elsewhere.stop(), 50);
      await havn.event("shop", "host.connected", { after: lost.id, timeoutMs: 240_000 });
      await healthy("all four machines");
      assert.ok(first.GET.lost < first.GET.sent / 2, JSON.stringify(first.GET));
    },
  );

  test("the killed machine has paged by mail and webhook, and its runbook has acted", bound, async () => {
    const finished = await havn.event("shop", "runbook.finished", { after: beforeKill });
    assert.match(finished.summary, /Runbook stand-in ended well/);
    const title = /web-2 is not connected/;
    const over = await until(
      async () =>
        (await havn.events("shop", "incident.resolved", beforeKill)).find(({ summary }) =>
          title.test(summary),
        ),
      { what: "the end of the incident", timeoutMs: 240_000, intervalMs: 200 },
    );
    const incident = over.data?.["incident"];
    const read = await havn.get<IncidentAnswer>(`/api/v1/incidents/${incident}`);

    const [first] = read.suspects;
    assert.ok(first, "there is a suspect");
    assert.ok(["machine.stopped", "host.lost"].includes(first.event.kind), JSON.stringify(first));
    assert.match(first.evidence.join(), /same place: (shop\/host\/)?web-2/);

    const said = read.timeline.map(({ summary }) => summary);
    for (const step of [
      "stand in on lb-1",
      "is web-2 back?",
      "restart the shop on web-2",
      "leave lb-1 again",
    ])
      assert.ok(
        said.some((one) => one.startsWith(`Runbook stand-in: ${step}: `)),
        `${step} in ${said.join("\n")}`,
      );

    const delivered = async () =>
      (await mail.mails()).map(readMail).filter(({ subject }) => title.test(subject));
    await until(async () => (await delivered()).length, { what: "the mail", timeoutMs: 240_000 });
    const mails = await delivered();
    assert.equal(mails.length, 1, await mail.log());
    assert.match(mails[0]?.text ?? "", /\/answer\//);

    const secret = (await havn.must(["secret", "get", "paging-webhook", "-e", "shop"])).stdout.trim();
    const states = () => hook.messages(secret).flatMap((one) => (title.test(one.subject) ? one.state : []));
    await until(() => states().length >= 2, { what: "both messages", timeoutMs: 240_000 });
    assert.deepEqual(states(), ["firing", "resolved"]);

    const { stdout: draft } = await havn.must(["incident", "postmortem", String(incident)]);
    assert.match(draft, /\*\*Paged:\*\* keeper/);
    assert.match(draft, /most suspicious first:\n\n1\. (Machine web-2 stopped|web-2 is lost)/);
    assert.match(draft, /Runbook stand-in: stand in on lb-1: shop runs on web-1, web-2, lb-1/);
    await healthy("the two instances of before");
  });

  test(
    "kill -9 of the server in a rollout: it finishes by itself, nothing twice, no request lost",
    bound,
    async () => {
      const last = await havn.lastEventId("shop");
      const load = await startLoad({ posts: 0.2 });
      await example.edit("havn.config.ts", "New Chandlery", "Newer Chandlery");
      const deploy = havn.run("deploy", example.directory, "--yes");
      const rollout = await havn.event("shop", "rollout.started", { after: last });
      await sleep(Math.random() * 3000);
      const server = await havn.serverPid();
      assert.ok(server !== undefined && kill9(server));
      const { code, stdout, stderr } = await deploy;
      assert.equal(code, 0, stdout + stderr);
      assertNoneLost(await load.stop(), 50);
      assert.match(await (await fetch(await shopUrl())).text(), /Newer Chandlery/);
      const events = (await havn.events("shop")).filter(({ id }) => id > last);
      const count = (kind: string) => events.filter((event) => event.kind === kind).length;
      for (const kind of [
        "apply.started",
        "apply.finished",
        "rollout.started",
        "rollout.finished",
        "release.created",
      ])
        assert.equal(count(kind), 1, `${kind} after ${rollout.id}`);
      assert.equal(count("rollout.instance"), 2);
      assert.equal(count("instance.started"), 2);
      assert.equal(count("instance.exited"), 0);
      await havn.must(["plan", example.directory]);
    },
  );

  test("down and up: resumed with its data", bound, async (context) => {
    const last = await havn.lastEventId("shop");
    await havn.must(["down"]);
    await allEnded(havn.dataDirectory);
    const { seconds } = await havn.must(["up", "--yes"]);
    context.diagnostic(`resumed in ${seconds.toFixed(1)} s`);
    await healthy("the resumed shop");
    assert.match(await (await fetch(await shopUrl())).text(), /Newer Chandlery/);
    const since = (await havn.events("shop")).filter(({ id }) => id > last).map(({ kind }) => kind);
    assert.ok(since.length > 0);
    for (const kind of ["host.lost", "incident.opened", "runbook.started"])
      assert.ok(!since.includes(kind), `${kind} although it was stopped on purpose`);
  });

  test("destroy leaves no machine, bridge, firewall rule, mount or process", bound, async () => {
    const machines = join(havn.dataDirectory, "machines");
    const network = readFileSync(join(machines, "network.json"), "utf8");
    const { id } = JSON.parse(network) as { id: string };
    assert.match((await run("ip", ["-o", "link"])).stdout, new RegExp(id));
    await havn.must(["destroy", "shop", "--yes"]);
    assert.doesNotMatch((await run("ip", ["-o", "link"])).stdout, new RegExp(id));
    assert.doesNotMatch((await run("nft", ["list", "ruleset"])).stdout, new RegExp(id));
    assert.ok(!readFileSync("/proc/mounts", "utf8").includes(havn.dataDirectory));
    assert.ok(!processesOf(havn.dataDirectory).some(({ command }) => command.includes("nspawn")));
    await havn.must(["down"]);
    await allEnded(havn.dataDirectory);
  });
});
