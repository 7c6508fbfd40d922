import assert from "node:assert/strict";
import { test } from "node:test";
import { type Facts, factsSchema } from "@havn/model";
import { compareFacts } from "./compare.ts";

const facts = (overrides: Partial<Facts> = {}): Facts =>
  factsSchema.parse({
    ...{
      hostname: "web-1",
      kernel: "6.1.0-28-amd64",
      architecture: "x64",
      cpus: 2,
      memoryBytes: 2 * 2 ** 30,
    },
    os: { id: "debian", version: "12", name: "Debian GNU/Linux 12 (bookworm)", platform: "linux" },
    ...{ addresses: ["10.0.0.7"], bootId: "1", init: "systemd", root: true, agentVersion: "0.1.0" },
    ...overrides,
  });

test("hosts of one kind are equal whatever their names, addresses and the last megabytes", () => {
  const other = facts({ hostname: "x", addresses: [], bootId: "2", memoryBytes: 2.02 * 2 ** 30 });
  assert.deepEqual(compareFacts("web-1", facts(), other), []);
  const grown = facts({ kernel: "6.12.1", cpus: 8, memoryBytes: 8 * 2 ** 30 });
  assert.deepEqual(
    compareFacts("web-1", facts(), grown).map(({ fact, before, after }) => [fact, before, after]),
    [
      ["kernel", "6.1.0-28-amd64", "6.12.1"],
      ["processors", 2, 8],
      ["memory", 2 * 2 ** 30, 8 * 2 ** 30],
    ],
  );
});
