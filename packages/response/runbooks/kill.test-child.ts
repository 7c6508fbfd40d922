// Started and killed by runbooks.test.ts: goes on with whatever runbook is open; each step appends a line to a file.
import { appendFileSync } from "node:fs";
import { systemClock as clock } from "@havn/model";
import { createSql } from "@havn/postgres";
import { openResponse, outcome } from "../testing/room.ts";

const [url = "", file = ""] = process.argv.slice(2);
const sql = createSql(url);
const done = new Set<string>();
const room = await openResponse({
  ...{ sql, url, clock, declared: [] },
  hands: {
    // As a host does: what was begun under a key is not begun again.
    async run({ command, hosts, once }) {
      await clock.sleep(Math.random() * 10);
      const { readFileSync } = await import("node:fs");
      if (!readFileSync(file, "utf8").includes(once)) appendFileSync(file, `${command.join(" ")} ${once}\n`);
      done.add(once);
      return outcome(hosts, String(done.size));
    },
  },
});
await room.response.sweep();
console.log("up");
