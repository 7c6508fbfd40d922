import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { openReceivingServer } from "../testing/server.ts";

const now = Math.floor(Date.now() / 1000) * 1000;

test("Influx lines are stored, in every precision, and the wrong ones are told of", async () => {
  await using server = await openReceivingServer();
  assert.equal((await fetch(`${server.url}/ping`)).status, 204);
  const lines = `cpu,host=a user=0.5,idle=2i ${now}000000\n# comment\ncpu,host=b user=7 ${now + 1}000000`;
  const first = await server.post("/write?db=telegraf&environment=shop", lines, {
    "content-type": "text/plain",
  });
  assert.equal(first.status, 204, await first.text());
  const second = await server.post(
    "/api/v2/write?bucket=b&org=o&precision=s",
    gzipSync(`cpu user=1 ${now / 1000}`),
    {
      "content-encoding": "gzip",
    },
  );
  assert.equal(second.status, 204, await second.text());
  assert.deepEqual(await server.stored("cpu_user"), [
    `cpu_user{db="b"} 1@${now}`,
    `cpu_user{db="telegraf",env="shop",host="a"} 0.5@${now}`,
    `cpu_user{db="telegraf",env="shop",host="b"} 7@${now + 1}`,
  ]);
  const partly = await server.post("/write", `good value=1 ${now}000000\nbad\nbad value=x`);
  assert.equal(partly.status, 400);
  assert.match(await partly.text(), /a line has no fields: bad; .*no value of a field/);
  assert.deepEqual(await server.stored("good"), [`good{} 1@${now}`]);
  assert.equal((await server.post("/write?precision=years", "a value=1")).status, 400);
  assert.equal((await server.post("/write", Buffer.from([0xff, 0xfe]))).status, 400);
});
