import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "./database.js";
import { current, log, traceOf } from "./log.js";
import { countOrder, countRequest, renderMetrics } from "./metrics.js";
import { basketPage, goodsPage, orderPage, ordersPage, problemPage } from "./pages.js";

const { HOST = "127.0.0.1", PORT = "8080", DATABASE_URL = "" } = process.env;
const database = openDatabase(DATABASE_URL);
const stopping = new AbortController();
let prepared = false;
let underWay = 0;

class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** `METHOD route`; a route's `:id` is a whole number. */
const routes = {
  "GET /": async ({ basket }) => html(goodsPage(await database.products(), basket)),
  "GET /basket": async ({ basket }) => {
    const { items, total } = price(await database.products(), basket);
    return html(basketPage(items, total, randomUUID()));
  },
  "POST /basket": async ({ basket, form }) => {
    const product = form.get("product") ?? "";
    price(await database.products(), [{ product, quantity: 1 }]);
    const present = basket.find((one) => one.product === product);
    if (present) present.quantity++;
    else basket.push({ product, quantity: 1 });
    return redirect("/", { "set-cookie": basketCookie(basket) });
  },
  "POST /checkout": async ({ basket, form }) => {
    const { order } = await placeOrder(basket, form.get("key") || randomUUID());
    return redirect(`/orders/${order.id}`, { "set-cookie": basketCookie([]) });
  },
  "GET /orders": async ({ basket }) => html(ordersPage(await database.orders(50), basket)),
  "GET /orders/:id": async ({ id }) => html(orderPage(await getOrder(id))),
  "GET /api/products": async () => json(200, { products: await database.products() }),
  "GET /api/orders": async ({ query }) => {
    const limit = Number(query.get("limit") ?? 20);
    if (!(limit >= 1 && limit <= 200)) throw new Problem(400, "limit is a number from 1 to 200");
    return json(200, { orders: await database.orders(limit) });
  },
  "GET /api/orders/:id": async ({ id }) => json(200, await getOrder(id)),
  "POST /api/orders": async ({ body, headers }) => {
    const { order, created } = await placeOrder(parseItems(body), headers["idempotency-key"] ?? randomUUID());
    return json(created ? 201 : 200, order);
  },
  // Not ready before the first contact with the database; after that the shop stays in traffic while the database is
  // away. All instances share it: taking them all out would turn a slow page into no page.
  "GET /healthz": async () => {
    const status = !prepared ? "starting" : database.up ? "ok" : "degraded";
    return json(prepared ? 200 : 503, { status, database: database.up ? "up" : "down" });
  },
  "GET /metrics": async () => ({
    code: 200,
    headers: { "content-type": "text/plain; version=0.0.4" },
    body: renderMetrics({ databaseUp: database.up, underWay }),
  }),
};

const html = (body) => ({ code: 200, headers: { "content-type": "text/html; charset=utf-8" }, body });
const json = (code, value) => ({
  code,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});
const redirect = (location, headers) => ({ code: 303, headers: { location, ...headers }, body: "" });

async function getOrder(id) {
  const order = await database.findOrder(id);
  if (!order) throw new Problem(404, `There is no order ${id}`);
  return order;
}

async function placeOrder(wanted, key) {
  if (wanted.length === 0) throw new Problem(400, "The basket is empty");
  if (key.length > 200) throw new Problem(400, "The idempotency key is longer than 200 characters");
  const { items, total } = price(await database.products(), wanted);
  const { traceId } = current.getStore();
  const { order, created } = await database.placeOrder({ key, items, total, traceId });
  const same = order.total === total && order.items.length === items.length;
  if (!created && !same) throw new Problem(409, "This idempotency key belongs to another order");
  if (created) {
    countOrder(total);
    log("info", `order ${order.id} placed`, { order: order.id, total });
  }
  return { order, created };
}

/** Items with name and price of today. */
function price(products, wanted) {
  const items = wanted.map(({ product, quantity }) => {
    const found = products.find(({ id }) => id === product);
    if (!found) throw new Problem(400, `There is no product "${product}"`);
    return { product, name: found.name, quantity, price: found.price };
  });
  return { items, total: items.reduce((sum, one) => sum + one.price * one.quantity, 0) };
}

function parseItems(body) {
  let parsed;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new Problem(400, "The body is no JSON");
  }
  const items = parsed?.items;
  const good = (one) =>
    typeof one?.product === "string" &&
    Number.isInteger(one.quantity) &&
    one.quantity >= 1 &&
    one.quantity <= 100;
  if (!Array.isArray(items) || items.length > 50 || !items.every(good))
    throw new Problem(
      400,
      'Write {"items":[{"product":"rope","quantity":1}]}, at most 50 items, 1 to 100 of each',
    );
  return items.map(({ product, quantity }) => ({ product, quantity }));
}

/** `basket=rope:2.lantern:1` */
function readBasket(cookie = "") {
  const text = /(?:^|;\s*)basket=([a-z0-9:.-]*)/.exec(cookie)?.[1] ?? "";
  return text
    .split(".")
    .map((part) => part.split(":"))
    .filter(([product, quantity]) => product && Number(quantity) >= 1 && Number(quantity) <= 100)
    .map(([product, quantity]) => ({ product, quantity: Math.floor(Number(quantity)) }));
}

const basketCookie = (basket) =>
  `basket=${basket.map(({ product, quantity }) => `${product}:${quantity}`).join(".")}; Path=/; HttpOnly; SameSite=Lax`;

async function readBody(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > 64 * 1024) throw new Problem(413, "The body is larger than 64 KiB");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function answer(request, url) {
  const id = /^(\/api)?\/orders\/(\d{1,15})$/.exec(url.pathname)?.[2];
  const route = id === undefined ? url.pathname : url.pathname.replace(id, ":id");
  const handle = routes[`${request.method === "HEAD" ? "GET" : request.method} ${route}`];
  if (!handle) return { route: "other", ...problem(url, new Problem(404, "There is nothing here")) };
  try {
    const body = request.method === "POST" ? await readBody(request) : "";
    const { headers } = request;
    const given = {
      ...{ id: Number(id), query: url.searchParams, body, headers },
      basket: readBasket(headers.cookie),
      form: new URLSearchParams(body),
    };
    return { route, ...(await handle(given)) };
  } catch (error) {
    return { route, ...problem(url, error) };
  }
}

function problem(url, error) {
  const status = error instanceof Problem ? error.status : 503;
  if (status === 503) log("error", `${url.pathname} failed: ${error.message}`);
  const told =
    status === 503 ? "The shop cannot reach its books just now. Try again in a moment." : error.message;
  if (url.pathname.startsWith("/api/")) return json(status, { error: told });
  return { ...html(problemPage("Sorry", told)), code: status };
}

const server = createServer((request, response) => {
  const begin = performance.now();
  const trace = traceOf(request.headers.traceparent);
  underWay++;
  current.run(trace, async () => {
    const url = new URL(request.url ?? "/", "http://shop");
    const { route, code, headers, body } = await answer(request, url);
    // While it stops, each answer is the last one of its connection.
    if (stopping.signal.aborted) response.setHeader("connection", "close");
    response.writeHead(code, {
      ...headers,
      traceparent: trace.traceparent,
      "content-length": Buffer.byteLength(body),
    });
    response.end(request.method === "HEAD" ? undefined : body);
    const seconds = (performance.now() - begin) / 1000;
    countRequest({ method: request.method, route, code }, seconds);
    const level = code >= 500 ? "error" : seconds > 1 ? "warn" : "debug";
    if (route !== "/healthz" && route !== "/metrics")
      log(level, `${request.method} ${url.pathname} ${code}`, {
        route,
        code,
        seconds: Number(seconds.toFixed(4)),
      });
  });
  response.on("close", () => underWay--);
});
// Longer than any balancer keeps an idle connection: it is never closed just when it is used again.
server.keepAliveTimeout = 75_000;
server.headersTimeout = 80_000;
server.listen(Number(PORT), HOST, () => log("info", `listening on ${HOST}:${PORT}`));

process.on("SIGTERM", () => stop("SIGTERM"));
process.on("SIGINT", () => stop("SIGINT"));

await database.prepare(stopping.signal);
prepared = true;
log("info", "ready");

// Notices that the database is away, or back, without a customer.
while (!stopping.signal.aborted) {
  await sleep(2000, undefined, { ref: false });
  if (!stopping.signal.aborted) await database.check();
}

async function stop(signal) {
  if (stopping.signal.aborted) return;
  stopping.abort();
  log("info", `${signal}: ${underWay} requests under way are answered first`);
  await new Promise((resolve) => server.close(resolve));
  await database.close();
  process.exit(0);
}
