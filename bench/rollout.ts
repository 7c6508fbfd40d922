import { cpus, hostname } from "node:os";
import { parseArgs } from "node:util";
import { type MethodResult, runLoad } from "@havn/delivery/load";

/**
 * Load on a running service while something happens to it (a rollout, a rollback, a kill), and how many requests that
 * cost. Run it beside `havn deploy`:
 *
 *   scripts/node.sh bench/rollout.ts --url http://10.0.0.2 --rps 500 --seconds 60
 *
 * Options: --connections 64, --posts 0.2 (their share), --get /api/products, --post /api/orders, --body JSON, --json.
 * Exits with 1 if a request was lost, so that a script can stop there. POSTs carry an Idempotency-Key of their own.
 */
const { values } = parseArgs({
  options: {
    url: { type: "string" },
    rps: { type: "string", default: "500" },
    seconds: { type: "string", default: "60" },
    connections: { type: "string", default: "64" },
    posts: { type: "string", default: "0.2" },
    get: { type: "string", default: "/api/products" },
    post: { type: "string", default: "/api/orders" },
    body: { type: "string", default: '{"items":[{"product":"rope","quantity":1}]}' },
    json: { type: "boolean", default: false },
  },
});
if (!values.url) {
  console.error("Which service? Give --url http://HOST:PORT");
  process.exit(2);
}
const { body } = values;
const run = `${process.pid}-${Date.now()}`;
const startedAt = new Date();
const result = await runLoad({
  url: values.url,
  rps: Number(values.rps),
  seconds: Number(values.seconds),
  connections: Number(values.connections),
  posts: Number(values.posts),
  get: { path: values.get },
  post: {
    path: values.post,
    body: () => body,
    headers: (serial) => ({ "idempotency-key": `bench-${run}-${serial}` }),
  },
});
const machine = `${hostname()}, ${cpus().length} × ${cpus()[0]?.model.trim()}`;
if (values.json) console.log(JSON.stringify({ machine, startedAt, ...values, result }, undefined, 2));
else {
  console.log(
    `${values.url}: ${values.rps} requests/s for ${values.seconds} s over ${values.connections} connections (${machine})`,
  );
  for (const [method, figures] of Object.entries(result)) console.log(line(method, figures));
}
process.exitCode = result.GET.lost + result.POST.lost > 0 ? 1 : 0;

function line(method: string, { sent, lost, reasons, latency }: MethodResult): string {
  const why = Object.entries(reasons)
    .map(([reason, count]) => `${count} × ${reason}`)
    .join(", ");
  return `${method.padEnd(4)} ${sent} sent, ${lost} lost${why ? ` (${why})` : ""}; ms: p50 ${latency.p50}, p95 ${latency.p95}, p99 ${latency.p99}, max ${latency.max}`;
}
