import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { log } from "./log.js";

/** The shop's data in PostgreSQL. `up` is false while its last query failed; the shop goes on with what it knows. */
export function openDatabase(url) {
  const sql = postgres(url, {
    max: 10,
    connect_timeout: 5,
    onnotice: () => {},
    backoff: (attempt) => Math.min(0.1 * 2 ** attempt, 2),
  });
  let products = [];
  let readAt = 0;
  const database = {
    up: false,
    /** Brings the tables up to date; one instance at a time, the others wait for it. Tries until it succeeds. */
    async prepare(signal) {
      for (let attempt = 0; !signal.aborted; attempt++) {
        try {
          await migrate(sql);
          database.up = true;
          await database.products();
          return;
        } catch (error) {
          log("warn", `the database is not ready: ${error.message}`, { attempt });
          await sleep(Math.min(250 * 2 ** attempt, 3000));
        }
      }
    },
    /** At most a second old, or older while the database is away. */
    async products() {
      if (Date.now() - readAt > 1000) {
        const before = readAt;
        // Others that come meanwhile take what is there.
        if (products.length > 0) readAt = Date.now();
        try {
          products = await ask(() => sql`select id, name, description, price from product order by price`);
          readAt = Date.now();
        } catch (error) {
          readAt = products.length > 0 ? readAt : before;
          if (products.length === 0) throw error;
        }
      }
      return products;
    },
    /** The same key gives the same order, however often it is placed. */
    placeOrder: ({ key, items, total, traceId }) =>
      ask(async () => {
        const [placed] = await sql`
          insert into shop_order (idempotency_key, items, total, trace_id)
          values (${key}, ${sql.json(items)}, ${total}, ${traceId})
          on conflict (idempotency_key) do nothing
          returning id::int, items, total, placed_at as "placedAt"`;
        if (placed) return { order: placed, created: true };
        const [order] = await sql`
          select id::int, items, total, placed_at as "placedAt" from shop_order where idempotency_key = ${key}`;
        return { order, created: false };
      }),
    orders: (limit) =>
      ask(
        () => sql`
        select id::int, items, total, placed_at as "placedAt" from shop_order order by id desc limit ${limit}`,
      ),
    findOrder: (id) =>
      ask(async () => {
        const [order] = await sql`
          select id::int, items, total, placed_at as "placedAt" from shop_order where id = ${id}`;
        return order;
      }),
    check: () =>
      ask(() => sql`select 1`).then(
        () => true,
        () => false,
      ),
    close: () => sql.end({ timeout: 5 }),
  };
  return database;

  async function ask(query) {
    try {
      const result = await query();
      if (!database.up) log("info", "the database answers again");
      database.up = true;
      return result;
    } catch (error) {
      // Only a missing answer says that it is away: a refused value (a code of five digits) does not.
      if (!/^[0-9A-Z]{5}$/.test(error.code ?? "") || /^(08|57P)/.test(error.code)) database.up = false;
      throw error;
    }
  }
}

async function migrate(sql) {
  const folder = new URL("./migrations/", import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  await sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(7246001)`;
    await transaction`create table if not exists migration (name text primary key)`;
    const done = new Set((await transaction`select name from migration`).map((row) => row.name));
    for (const name of names.filter((one) => !done.has(one))) {
      await transaction.unsafe(await readFile(new URL(name, folder), "utf8"));
      await transaction`insert into migration (name) values (${name})`;
      log("info", `migration ${name} done`);
    }
  });
}
