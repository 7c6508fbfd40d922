import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import { createGrpcServer } from "./grpc.ts";

test("grpc: a refusal is told whole letters, whatever it is cut at", async () => {
  await using server = createGrpcServer({
    access: {
      authenticate: async () => ({ id: "1", actor: "user:ada", role: "operator", via: "token" }),
      decide: () => true,
      audit: async () => {},
    },
    methods: [
      {
        ...{ path: "/a.B/C", summary: "Refuses", action: "thing:create", largest: 100 },
        async handle() {
          throw new HavnError(`${"x".repeat(999)}\u{1f600}`, { status: 400 });
        },
      },
    ],
    log: () => {},
  });
  const port = await server.listen({ port: 0, address: "127.0.0.1" });
  const client = connect(`http://127.0.0.1:${port}`);
  const stream = client.request({
    ...{ ":method": "POST", ":path": "/a.B/C", "content-type": "application/grpc" },
  });
  stream.end(Buffer.alloc(5));
  const [headers] = await once(stream, "response");
  assert.equal(headers["grpc-status"], "3");
  assert.equal(decodeURIComponent(headers["grpc-message"]), `${"x".repeat(999)}\ufffd`);
  client.destroy();
});
