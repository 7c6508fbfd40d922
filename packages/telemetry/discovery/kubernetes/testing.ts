import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseAllDocuments } from "yaml";

/** Any object of the API, as far as tests change it. */
interface Thing {
  kind?: string;
  metadata: { name: string; namespace?: string; resourceVersion?: string };
  status: { podIP?: string };
}

const kinds: Readonly<Record<string, string>> = {
  Node: "nodes",
  Pod: "pods",
  Service: "services",
  Endpoints: "endpoints",
  EndpointSlice: "endpointslices",
  Ingress: "ingresses",
  Namespace: "namespaces",
};

const cases = new URL("./cases/", import.meta.url);

/**
 * A named fake: a server on loopback that speaks lists and watches of Kubernetes' API over the objects of
 * `cases/cluster.yml`. No real API server can run in a test here.
 */
export async function openCluster() {
  const things = new Map<string, Map<string, Thing>>();
  let version = 1;
  const watchers = new Map<ServerResponse, { kind: string; namespace: string }>();
  for (const document of parseAllDocuments(readFileSync(new URL("cluster.yml", cases), "utf8"))) {
    const thing = document.toJS() as Thing;
    put(kinds[thing.kind ?? ""] ?? "", thing);
  }

  function put(kind: string, thing: Thing): void {
    thing.metadata.resourceVersion = String(++version);
    const own = things.get(kind) ?? new Map<string, Thing>();
    things.set(kind, own);
    own.set(`${thing.metadata.namespace ?? ""}/${thing.metadata.name}`, thing);
  }

  function tell(kind: string, type: string, object: Thing): void {
    for (const [response, watched] of watchers)
      if (
        watched.kind === kind &&
        (watched.namespace === "" || watched.namespace === object.metadata.namespace)
      )
        response.write(`${JSON.stringify({ type, object })}\n`);
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://cluster");
    const [, namespace = "", kind = ""] =
      /^\/(?:api\/v1|apis\/(?:discovery|networking)\.k8s\.io\/v1)(?:\/namespaces\/([^/]+))?\/(\w+)$/.exec(
        url.pathname,
      ) ?? [];
    response.setHeader("content-type", "application/json");
    if (url.searchParams.has("watch")) {
      watchers.set(response, { kind, namespace });
      response.on("close", () => watchers.delete(response));
      response.flushHeaders();
      // What changed between the list and the watch.
      for (const thing of things.get(kind)?.values() ?? [])
        if (Number(thing.metadata.resourceVersion) > Number(url.searchParams.get("resourceVersion")))
          response.write(`${JSON.stringify({ type: "MODIFIED", object: thing })}\n`);
      return;
    }
    const items = [...(things.get(kind)?.values() ?? [])].filter(
      ({ metadata }) => namespace === "" || metadata.namespace === namespace,
    );
    // Two pages where there are two: the rest is asked for with what the first gave.
    const second = url.searchParams.get("continue") === "rest";
    const paged = items.length > 1 ? (second ? items.slice(1) : items.slice(0, 1)) : items;
    const next = items.length > 1 && !second ? "rest" : "";
    response.end(
      JSON.stringify({ metadata: { resourceVersion: String(version), continue: next }, items: paged }),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Changes an object, or makes one like the first of its kind. */
    put(kind: string, key: string, change: (thing: Thing) => void) {
      const own = things.get(kind);
      const known = own?.get(key) ?? [...(own?.values() ?? [])].at(0);
      const thing = structuredClone(known) as Thing;
      change(thing);
      put(kind, thing);
      tell(kind, own?.has(key) ? "MODIFIED" : "ADDED", thing);
    },
    remove(kind: string, key: string) {
      const thing = things.get(kind)?.get(key);
      things.get(kind)?.delete(key);
      version++;
      if (thing) tell(kind, "DELETED", thing);
    },
    /** Watches that are under way are told that they are too old. */
    expire() {
      for (const response of watchers.keys()) {
        response.end(`${JSON.stringify({ type: "ERROR", object: { code: 410 } })}\n`);
        watchers.delete(response);
      }
    },
    /** With the golden file of a role. */
    compare(role: string, text: string) {
      const golden = new URL(`${role}.txt`, cases);
      if (process.env.UPDATE_CASES) writeFileSync(golden, text);
      assert.equal(text, readFileSync(golden, "utf8"));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
