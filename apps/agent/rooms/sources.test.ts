import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock as clock } from "@havn/model";
import type { Source } from "@havn/telemetry/agent";
import { temporaryDirectory } from "@havn/testkit";
import { followSources, ownSources } from "./sources.ts";

test("what is declared for a host is collected; what is wrong is told once, without a password", async () => {
  await using directory = await temporaryDirectory("sources");
  const folder = join(directory.path, "collect.d");
  let sources: readonly Source[] = [];
  const intervals: (number | undefined)[] = [];
  const logged: string[] = [];
  const telemetry = {
    setSources(given: readonly Source[]) {
      sources = given;
    },
    setInterval: (interval: number | undefined) => void intervals.push(interval),
  };
  const options = { host: "web-1", telemetry, clock, log: (text: string) => void logged.push(text), folder };
  const types = new Set(["file"]);
  await using following = followSources({ ...options, types: () => types });
  await following.look();
  assert.deepEqual(
    sources.map(({ kind }) => kind),
    ["systemd", "cgroups", "processes"],
  );
  await mkdir(folder);
  await writeFile(
    join(folder, "sessions"),
    '{"interval":1000,"redis":{"address":"127.0.0.1:6379"}}\nopen\n"sesame\n',
  );
  await writeFile(join(folder, "fast"), '{"interval":1000,"host":true}\n');
  await writeFile(join(folder, "wrong"), '{"redis":{}}\nopen-sesame\n');
  types.add("postgres.database");
  await following.look();
  await following.look();
  assert.deepEqual(sources.slice(3), [
    { job: "postgres", instance: "web-1:5432", kind: "postgres", intervalMs: 15_000 },
    {
      ...{ job: "redis", instance: "web-1:sessions", intervalMs: 1_000, kind: "redis" },
      ...{ address: "127.0.0.1:6379", password: 'open\n"sesame' },
    },
  ]);
  assert.equal(intervals.at(-1), 1_000);
  assert.equal(logged.length, 1);
  assert.match(logged[0] ?? "", /The file wrong declares no metrics/);
  assert.doesNotMatch(logged.join(), /sesame/);
  await rm(folder, { recursive: true });
  types.clear();
  await following.look();
  assert.deepEqual(sources, ownSources("web-1", new Set()));
  assert.equal(intervals.at(-1), undefined);
});
