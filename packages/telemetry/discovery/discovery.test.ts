import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { type Labels, systemClock } from "@havn/model";
import { until } from "@havn/testkit";
import { Connection } from "../scrape/fetch.ts";
import { httpOf } from "../scrape/http.ts";
import type { DiscoveryContext, TargetGroup } from "./discovery.ts";
import { discoverDns } from "./dns/index.ts";
import { discoverFiles } from "./file/index.ts";
import { discoverHttp } from "./http/index.ts";
import { discoverKubernetes } from "./kubernetes/index.ts";
import { openCluster } from "./kubernetes/testing.ts";

const seen = (condition: () => boolean) => until(condition, { what: "the targets" });

/** Runs a discovery and keeps what it told last: a line a target, labels in order. */
function watch(
  run: (found: (groups: readonly TargetGroup[]) => void, context: DiscoveryContext) => Promise<void>,
  http: Parameters<typeof httpOf>[0] = {},
) {
  const stop = new AbortController();
  const connection = new Connection(httpOf(http));
  let fault: string | undefined;
  let last: readonly TargetGroup[] = [];
  const context: DiscoveryContext = {
    ...{ clock: systemClock, connection, signal: stop.signal },
    failed: (message) => {
      fault = message;
    },
  };
  const ended = run((groups) => {
    last = groups;
  }, context);
  const targets = (): Labels[] =>
    last.flatMap(({ targets: found, labels }) => found.map((one) => ({ ...labels, ...one })));
  return {
    fault: () => fault,
    targets,
    addresses: () =>
      targets()
        .map((labels) => labels.__address__ ?? "")
        .sort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
      connection.close();
    },
  };
}

test("files: read, watched, and kept where one is broken", async () => {
  const folder = await mkdtemp("/tmp/havn-discovery-");
  try {
    const json = join(folder, "a.json");
    const write = async (path: string, text: string) => {
      await writeFile(`${path}.tmp`, text);
      await rename(`${path}.tmp`, path);
    };
    await write(json, '[{ "targets": ["a:1"], "labels": { "team": "x" } }]');
    await write(join(folder, "b.yml"), "- targets: [b:1, 'b:2']\n");
    await using found = watch((tell, context) =>
      discoverFiles(
        { files: [join(folder, "*.json"), join(folder, "b.yml")], refresh_interval: "1h" },
        tell,
        context,
      ),
    );
    await seen(() => found.addresses().length === 3);
    assert.deepEqual(found.targets()[0], { team: "x", __meta_filepath: json, __address__: "a:1" });
    await write(json, "{ secret text");
    await seen(() => found.fault() !== undefined);
    assert.equal(found.fault(), `${json} is no JSON`);
    assert.equal(found.addresses().length, 3);
    await write(json, '[{ "targets": ["a:2"] }]');
    await seen(() => found.addresses().includes("a:2"));
    await rm(json);
    await seen(() => found.addresses().join() === "b:1,b:2");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function serve(answer: RequestListener) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("HTTP: with its credentials; an answer that fails changes nothing", async () => {
  let answer = "a:1";
  let failures = 0;
  await using server = await serve((request, response) => {
    if (request.headers.authorization !== "Token t0k") response.writeHead(401).end();
    else if (answer === "") {
      failures++;
      response.writeHead(500).end();
    } else response.setHeader("content-type", "application/json").end(`[{"targets":["${answer}"]}]`);
  });
  const config = { url: `${server.url}/targets`, refresh_interval: "20ms" };
  const credentials = { authorization: { type: "Token", credentials: "t0k" } } as unknown as Parameters<
    typeof httpOf
  >[0];
  await using found = watch((tell, context) => discoverHttp(config, tell, context), credentials);
  await seen(() => found.addresses().includes("a:1"));
  answer = "";
  await seen(() => failures > 2 && /HTTP status 500/.test(found.fault() ?? ""));
  assert.deepEqual(found.addresses(), ["a:1"]);
  answer = "a:2";
  await seen(() => found.addresses().includes("a:2") && found.fault() === undefined);
  assert.equal(found.targets()[0]?.__meta_url, config.url);
  await using refused = watch((tell, context) => discoverHttp(config, tell, context));
  await seen(() => refused.fault() !== undefined);
  assert.match(refused.fault() ?? "", /HTTP status 401/);
});

/** Answers every question with one record of its type. */
async function openNameServer() {
  const socket = createSocket("udp4");
  socket.on("message", (question, from) => {
    const end = question.indexOf(0, 12) + 5;
    const type = question.readUInt16BE(end - 4);
    const name = (text: string) =>
      Buffer.concat([
        ...text.split(".").map((part) => Buffer.from([part.length, ...Buffer.from(part)])),
        Buffer.of(0),
      ]);
    const data =
      type === 1
        ? Buffer.of(10, 0, 0, 7)
        : type === 28
          ? Buffer.from("20010db8000000000000000000000001", "hex")
          : Buffer.concat([Buffer.of(0, 0, 0, 0, 0x23, 0x8c), name("node.example.org")]);
    const none = question.toString("latin1").includes("missing");
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(none ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(none ? 0 : 1, 6);
    head.writeUInt16BE(0, 10);
    const record = Buffer.concat([
      Buffer.of(0xc0, 0x0c, type >> 8, type & 0xff, 0, 1, 0, 0, 0, 60, 0, data.length),
      data,
    ]);
    socket.send(
      Buffer.concat([head, question.subarray(12, end), ...(none ? [] : [record])]),
      from.port,
      from.address,
    );
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

test("names: SRV, A and AAAA; one that is not there has no targets", async () => {
  await using server = await openNameServer();
  const discover = discoverDns({ servers: [server.address] });
  for (const [type, name, expected] of [
    ["SRV", "_metrics._tcp.example.org", "node.example.org:9100"],
    ["A", "a.example.org", "10.0.0.7:80"],
    ["AAAA", "a.example.org", "[2001:db8::1]:80"],
  ] as const) {
    await using found = watch((tell, context) =>
      discover({ names: [name, "missing.example.org"], type, port: 80 }, tell, context),
    );
    await seen(() => found.addresses().length > 0);
    assert.deepEqual(found.addresses(), [expected]);
    const [first] = found.targets();
    assert.equal(first?.__meta_dns_name, name);
    if (type === "SRV") {
      assert.equal(first?.__meta_dns_srv_record_target, "node.example.org.");
      assert.equal(first?.__meta_dns_srv_record_port, "9100");
    }
  }
});

for (const role of ["node", "pod", "service", "endpoints", "endpointslice", "ingress"] as const)
  test(`Kubernetes: role ${role}`, async () => {
    await using cluster = await openCluster();
    const config = { api_server: cluster.url, role, attach_metadata: { node: role === "pod" } };
    await using found = watch((tell, context) => discoverKubernetes(config, tell, context));
    await seen(() => found.targets().length > 0);
    const shown = found.targets().map((labels) =>
      Object.entries(labels)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `  ${name.replace("__meta_kubernetes_", "*")}=${value}\n`)
        .join(""),
    );
    cluster.compare(role, `${shown.sort().join("--\n")}`);
  });

test("Kubernetes: what changes is followed; what is gone is gone; a lost watch begins anew", async () => {
  await using cluster = await openCluster();
  const config = { api_server: cluster.url, role: "pod" as const, namespaces: { names: ["shop"] } };
  await using found = watch((tell, context) => discoverKubernetes(config, tell, context));
  await seen(() => found.addresses().includes("10.1.0.5:8080"));
  cluster.put("pods", "shop/web-2", (pod) => {
    pod.metadata.name = "web-2";
    pod.status.podIP = "10.1.0.6";
  });
  await seen(() => found.addresses().includes("10.1.0.6:8080"));
  cluster.remove("pods", "shop/web-1");
  await seen(() => !found.addresses().includes("10.1.0.5:8080"));
  cluster.expire();
  cluster.put("pods", "shop/web-2", (pod) => {
    pod.status.podIP = "10.1.0.7";
  });
  await seen(() => found.addresses().includes("10.1.0.7:8080"));
  assert.ok(!found.addresses().includes("10.1.0.6:8080"));
});
