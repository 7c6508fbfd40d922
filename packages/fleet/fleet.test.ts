import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { request } from "node:https";
import { test } from "node:test";
import { systemClock } from "@havn/model";
import { openCertificateAuthority } from "./ca/ca.ts";
import { createKeyAndRequest } from "./protocol/index.ts";
import { findHost, putHost, putMachine, recordMachineAccess } from "./store.ts";
import {
  closed,
  dial,
  emptyReport,
  enrol,
  eventually,
  openTestFleet,
  playAgent,
  playMachines,
  post,
  someEvent,
} from "./testing.ts";

const limit = { timeout: 600_000 };

test("a token is good once, for its host, until it expires", limit, async (context) => {
  const { fleet, timeline, port, addHost, sql } = await openTestFleet(context);
  const target = { port, ca: fleet.ca.certificate };
  const { address: host, token } = await addHost("web-1");
  const other = await addHost("web-2", 1);

  const wrongHost = await enrol(target, { host: other.address, token });
  assert.equal(wrongHost.status, 401);
  assert.match(wrongHost.error?.summary ?? "", /not valid for this host/);
  assert.equal((await enrol(target, { host, token: "guessed" })).status, 401);

  await systemClock.sleep(5);
  const expired = await enrol(target, { host: other.address, token: other.token });
  assert.equal(expired.status, 410);
  assert.match(expired.error?.summary ?? "", /expired/);

  assert.equal((await enrol(target, { host, token })).status, 200);
  const used = await enrol(target, { host, token });
  assert.equal(used.status, 410);
  assert.match(used.error?.summary ?? "", /used already/);
  assert.match(used.error?.detail ?? "", /Apply the host again/);

  const kinds = (await timeline.list({ kind: "host" })).map(({ kind, address }) => `${kind} ${address}`);
  assert.deepEqual(kinds.toSorted(), [
    "host.enrolled shop/host/web-1",
    "host.enrolment.refused shop/host/web-1",
    "host.enrolment.refused shop/host/web-2",
  ]);
  const [row] =
    await sql`select encode(hash, 'escape') as hash from fleet.enrolment_token where host = ${host}`;
  assert.ok(!String(row?.hash).includes(token), "only the hash is kept");
});

test("a token is claimed by one of many at once", limit, async (context) => {
  const { fleet, port, addHost } = await openTestFleet(context);
  const { address: host, token } = await addHost("web-1");
  const target = { port, ca: fleet.ca.certificate };
  const answers = await Promise.all(Array.from({ length: 8 }, () => enrol(target, { host, token })));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
});

test("bad enrolment requests get one clear answer each", limit, async (context) => {
  const { fleet, port } = await openTestFleet(context);
  const target = { port, ca: fleet.ca.certificate };
  for (const [body, status] of [
    ["{", 400],
    ["{}", 400],
    [JSON.stringify({ host: "a/host/b", token: "x", request: "x", more: 1 }), 400],
    ["x".repeat(40_000), 413],
  ] as const) {
    const answer = await post(target, body);
    assert.equal(answer.status, status, answer.body);
    assert.ok((JSON.parse(answer.body) as { error: { summary: string } }).error.summary.length > 0);
  }
});

test("only certificates of this authority that are not revoked get in", limit, async (context) => {
  const { fleet, port, addHost, dataDirectory } = await openTestFleet(context);
  const ca = fleet.ca.certificate;
  const { address: host, token } = await addHost("web-1");
  await assert.rejects(dial({ port, ca }), /401 a client certificate/);
  const first = await enrol({ port, ca }, { host, token });
  const stranger = await openCertificateAuthority(`${dataDirectory}/other-ca`, systemClock);
  await assert.rejects(dial({ port, ca: stranger.certificate, pem: first.pem }), /certificate/);
  const made = await createKeyAndRequest(host);
  const forged = made.key + (await stranger.issueClient(host, made.request)).pem;
  await assert.rejects(dial({ port, ca, pem: forged }), /401/);

  (await dial({ port, ca, pem: first.pem })).close();
  const second = await enrol({ port, ca }, { host, token: await fleet.enrolment.createToken(host) });
  await assert.rejects(dial({ port, ca, pem: first.pem }), /401 this certificate was revoked/);
  (await dial({ port, ca, pem: second.pem })).close();
});

test("a renewed certificate takes over once it is used", limit, async (context) => {
  const { fleet, port, addHost } = await openTestFleet(context);
  const ca = fleet.ca.certificate;
  const { address: host, token } = await addHost("web-1");
  const { pem } = await enrol({ port, ca }, { host, token });
  const { peer, hello } = playAgent(await dial({ port, ca, pem }));
  await hello();
  const made = await createKeyAndRequest(host);
  const { result } = await peer.call("certificate.renew", { request: made.request });
  (await dial({ port, ca, pem })).close();
  await playAgent(await dial({ port, ca, pem: made.key + result.certificate })).hello();
  await eventually("the revocation of the old one", () =>
    dial({ port, ca, pem }).then(
      (socket) => void socket.close(),
      (error: Error) => /revoked/.test(error.message),
    ),
  );
});

async function connectedAgent(
  opened: Awaited<ReturnType<typeof openTestFleet>>,
  handlers: Parameters<typeof playAgent>[1] = {},
) {
  const { fleet, port, addHost } = opened;
  const { address: host, token } = await addHost("web-1");
  const ca = fleet.ca.certificate;
  const { pem } = await enrol({ port, ca }, { host, token });
  const open = async () => {
    const socket = await dial({ port, ca, pem });
    return { socket, ...playAgent(socket, handlers) };
  };
  const agent = await open();
  await agent.hello();
  return { ...agent, host, open };
}

test("garbage closes that connection with a reason, and no other", limit, async (context) => {
  const opened = await openTestFleet(context);
  const { host, open } = await connectedAgent(opened);
  const frames: [string | Uint8Array, RegExp][] = [
    ["{", /no JSON/],
    ["[]", /malformed/],
    ['{"id":"1","method":"report"}', /malformed/],
    ['{"method":"cancel","params":{}}', /malformed/],
    [Buffer.from([1, 2]), /shorter than its length field/],
    [Buffer.from([255, 255, 255, 255, 0]), /shorter than its head/],
    [randomBytes(600), /./],
  ];
  for (const [bytes, reason] of frames) {
    const { socket } = await open();
    const ended = closed(socket);
    socket.send(bytes);
    const { code, reason: told } = await ended;
    assert.equal(code, 1008);
    assert.match(told, reason);
  }
  const { socket } = await open();
  const ended = closed(socket);
  socket.send(Buffer.alloc(17 * 1024 * 1024));
  assert.equal((await ended).code, 1009);
  assert.ok(opened.fleet.hosts.isConnected(host), "the host's own connection stands");
});

test(
  "parameters and answers that do not fit are errors, not the connection's end",
  limit,
  async (context) => {
    const opened = await openTestFleet(context);
    const { host, peer } = await connectedAgent(opened, {
      "facts.read": async () => ({ hostname: 1 }) as never,
      "host.rest": async () => {
        throw new Error("no rest");
      },
    });
    const { hosts } = opened.fleet;
    await assert.rejects(peer.call("report", { at: "now" } as never), /Parameters of report do not fit/);
    await assert.rejects(hosts.call(host, "facts.read", {}), /answer to facts.read/);
    await assert.rejects(hosts.call(host, "host.rest", {}), { message: "no rest", retryable: false });
    await assert.rejects(hosts.call(host, "no.such" as never, {} as never), /Unknown method/);
    await peer.call("report", emptyReport());
    await assert.rejects(hosts.call("shop/host/none", "facts.read", {}), { retryable: true, status: 503 });
  },
);

test(
  "calls are cancelled, run out of time, tell progress and fall with their connection",
  limit,
  async (context) => {
    const opened = await openTestFleet(context);
    const reasons: unknown[] = [];
    const { host, socket } = await connectedAgent(opened, {
      "host.leave": (_, { signal }) =>
        new Promise(() => signal.addEventListener("abort", () => reasons.push(signal.reason))),
      "bundle.apply": async ({ bundleId }, { progress }) => {
        progress({ bundleId, address: "a", state: "running" });
        return { reports: [] };
      },
    });
    const { hosts } = opened.fleet;
    const told: unknown[] = [];
    const bundle = { bundleId: "b", resources: [], remove: [], secrets: {} };
    await hosts.call(host, "bundle.apply", bundle, { onProgress: (progress) => told.push(progress) });
    assert.deepEqual(told, [{ bundleId: "b", address: "a", state: "running" }]);

    const stop = new AbortController();
    const cancelled = hosts.call(host, "host.leave", {}, { signal: stop.signal });
    await systemClock.sleep(50);
    stop.abort(new Error("not wanted any more"));
    await assert.rejects(cancelled, /not wanted any more/);
    await assert.rejects(hosts.call(host, "host.leave", {}, { timeoutMs: 50 }), /did not answer host.leave/);
    const falling = hosts.call(host, "host.leave", {});
    await eventually("two cancellations", () => reasons.length === 2);
    assert.deepEqual(reasons, ["cancelled", "cancelled"]);
    socket.terminate();
    await assert.rejects(falling, { retryable: true });
  },
);

test("bytes go both ways beside their call", limit, async (context) => {
  const artifact = randomBytes(3 * 1024 * 1024 + 17);
  const batches: { batch: string; host: string; bytes: Buffer }[] = [];
  const opened = await openTestFleet(context, {
    telemetry: async (_, batch, { host }, bytes) => {
      batches.push({ batch, host, bytes: Buffer.from(bytes) });
    },
    artifact: async (_, offset, length) => ({
      size: artifact.length,
      bytes: artifact.subarray(offset, offset + length),
    }),
  });
  const { peer } = await connectedAgent(opened);
  const bytes = randomBytes(100_000);
  await peer.call("telemetry.push", { kind: "samples", batch: "b1", rows: 3 }, { bytes });
  assert.deepEqual(batches, [{ batch: "b1", host: "web-1", bytes }]);
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < artifact.length; ) {
    const answer = await peer.call("artifact.read", { digest: "d", offset });
    assert.equal(answer.result.size, artifact.length);
    parts.push(Buffer.from(answer.bytes));
    offset += answer.bytes.length;
  }
  assert.ok(Buffer.concat(parts).equals(artifact));
});

test("an event that is sent twice is on the timeline once", limit, async (context) => {
  const opened = await openTestFleet(context);
  const { peer } = await connectedAgent(opened);
  await peer.call("events.push", { events: [someEvent("k1"), someEvent("k2")] });
  await peer.call("events.push", { events: [someEvent("k2"), someEvent("k3")] });
  const events = await opened.timeline.list({ kind: "instance.exited" });
  assert.equal(events.length, 3);
  assert.equal(events[0]?.actor, "agent:web-1");
  assert.equal(events[0]?.environment, "shop");
});

test(
  "an event is answered only once it was acted on: until then the agent keeps it",
  limit,
  async (context) => {
    const heard: string[] = [];
    const opened = await openTestFleet(context, {
      async event(_, { key }) {
        heard.push(key);
        if (heard.length === 1) throw new Error("the database is away");
      },
    });
    const { peer } = await connectedAgent(opened);
    const events = [someEvent("k1"), someEvent("k2")];
    await assert.rejects(peer.call("events.push", { events }), /database is away/);
    await peer.call("events.push", { events });
    assert.deepEqual(heard, ["k1", "k1", "k2"]);
    assert.equal((await opened.timeline.list({ kind: "instance.exited" })).length, 2);
  },
);

test(
  "an agent tells only of its own environment, and not in the control plane's words",
  limit,
  async (context) => {
    const heard: string[] = [];
    const opened = await openTestFleet(context, { event: async (_, { key }) => void heard.push(key) });
    const { peer } = await connectedAgent(opened);
    for (const lie of [
      { address: "other/service/shop" },
      { kind: "machine.stopped" },
      { kind: "apply.finished" },
    ])
      await assert.rejects(
        peer.call("events.push", { events: [someEvent(), { ...someEvent(), ...lie }] }),
        /may not tell of/,
      );
    assert.deepEqual(heard, []);
    assert.deepEqual(await opened.timeline.list({ kind: "instance" }), []);
  },
);

test("a host is lost when it is silent or gone, and not when it is back at once", limit, async (context) => {
  const opened = await openTestFleet(context);
  const { fleet, timeline } = opened;
  const { host, socket, open } = await connectedAgent(opened);
  const kinds = async () =>
    (await timeline.list({ kind: "host" }))
      .map(({ kind }) => kind)
      .filter((kind) => kind !== "host.enrolled")
      .reverse();
  await eventually("host.connected", async () => (await kinds()).length === 1);

  socket.terminate();
  const second = await open();
  await second.hello();
  const newer = await open();
  const replaced = closed(second.socket);
  await newer.hello();
  assert.match((await replaced).reason, /newer connection/);
  assert.ok(fleet.hosts.isConnected(host));

  // Silent, with its connection open: it stops answering pings.
  newer.socket.pause();
  await eventually("host.lost", async () => (await kinds()).includes("host.lost"));
  assert.equal(fleet.report(host), undefined);
  newer.socket.terminate();
  await (await open()).hello();
  await eventually("the second host.connected", async () => (await kinds()).length === 3);
  assert.deepEqual(await kinds(), ["host.connected", "host.lost", "host.connected"]);
});

test("the gateway's certificate follows its addresses", limit, async (context) => {
  const { fleet, port, addHost } = await openTestFleet(context);
  assert.equal(await fleet.gateway.listen({ port: 0, address: "127.0.0.2" }), port);
  assert.equal(await fleet.gateway.listen({ port: 0, address: "127.0.0.2" }), port);
  assert.deepEqual(fleet.gateway.addresses, ["127.0.0.1", "127.0.0.2"]);
  const { address: host, token } = await addHost("web-1");
  assert.equal((await enrol({ port, ca: fleet.ca.certificate }, { host, token })).status, 200);
  const status = await new Promise((resolve, reject) => {
    const options = { host: "127.0.0.2", port, path: "/", ca: fleet.ca.certificate, agent: false };
    request(options, (response) => resolve(response.resume().statusCode))
      .on("error", reject)
      .end();
  });
  assert.equal(status, 404);
});

test("a host whose machine stops is lost at once, and for that reason", limit, async (context) => {
  const played = playMachines();
  const opened = await openTestFleet(context, { machineProvider: played.provider });
  const { fleet, timeline, sql } = opened;
  const machine = { address: "shop/machine/web-1", environment: "shop", name: "web-1" };
  await putMachine(sql, { ...machine, spec: { provider: "nspawn", image: "debian-12" } });
  await recordMachineAccess(sql, machine.address, played.access);
  played.states.set("web-1", "running");
  const { host, socket, open } = await connectedAgent(opened);
  const properties = {
    via: { kind: "machine" as const, machine: "web-1" },
    labels: {},
    mode: "noop" as const,
  };
  await putHost(sql, { address: host, environment: "shop", name: "web-1", properties, at: 0 });
  await fleet.start();
  const lost: string[] = [];
  fleet.events.on("lost", (_, reason) => lost.push(reason));
  played.states.set("web-1", "stopped");
  // Its connection stays open, as that of a machine which lost its power does.
  await eventually("host.lost", () => lost.length > 0);
  assert.deepEqual(lost, ["its machine stopped"]);
  assert.notEqual(socket.readyState, socket.OPEN);
  await eventually("the machine again", () => played.states.get("web-1") === "running");
  await (await open()).hello();
  assert.ok(fleet.hosts.isConnected(host));
  await eventually("each on the timeline once", async () => {
    const kinds = (await timeline.list({ after: 0 })).map(({ kind }) => kind);
    return kinds.filter((kind) => /^(machine|host\.(lost|connected))/.test(kind)).length === 5;
  });
});

test(
  "a host that was lost before a restart is told of again, and never one that is back",
  limit,
  async (context) => {
    const opened = await openTestFleet(context);
    const { fleet, sql, addHost } = opened;
    const { host } = await connectedAgent(opened);
    await addHost("web-2");
    await eventually("host.connected", async () => (await findHost(sql, host))?.state === "connected");
    await sql`update fleet.host set state = 'lost'`;
    const lost: string[] = [];
    fleet.events.on("lost", (address, reason) => lost.push(`${address} ${reason}`));
    await fleet.start();
    assert.deepEqual(lost, ["shop/host/web-2 it has not come back"]);
  },
);

test("tokens and certificates that open nothing any more are forgotten", limit, async (context) => {
  const opened = await openTestFleet(context);
  const { fleet, sql } = opened;
  const { host, open } = await connectedAgent(opened);
  const day = 86_400_000;
  const old = Date.now() - 31 * day;
  await sql`insert into fleet.certificate (serial, host, issued_at, not_after) values ('old', ${host}, 0, ${old})`;
  await sql`insert into fleet.enrolment_token (hash, host, expires_at) values ('old', ${host}, ${old})`;
  await fleet.enrolment.prune();
  const serials = await sql<{ serial: string }[]>`select serial from fleet.certificate`;
  assert.equal(serials.length, 1);
  assert.notEqual(serials[0]?.serial, "old");
  assert.equal((await sql`select 1 from fleet.enrolment_token`).length, 1);
  await (await open()).hello();
});
