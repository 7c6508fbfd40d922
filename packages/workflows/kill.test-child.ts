// Started and killed by workflows.test.ts: runs one workflow whose steps append to a file and may be killed anywhere.
import { appendFileSync } from "node:fs";
import { createSql } from "@havn/postgres";
import { openWorkflows } from "./index.ts";

const [url = "", file = ""] = process.argv.slice(2);
const sql = createSql(url);
const workflows = await openWorkflows({ sql, postgresUrl: url, executorId: "test" });
const branch = ["a", "b", "c"];
const flow = workflows.define<{ steps: number }, string>("append", async (run, { steps }) => {
  await Promise.all(
    branch.map(async (name) => {
      for (let n = 0; n < steps; n++)
        await run.step(`${name}${n}`, async () => {
          await new Promise((done) => setTimeout(done, Math.random() * 10));
          appendFileSync(file, `${name}${n}\n`);
        });
    }),
  );
  return "finished";
});
await workflows.launch();
await flow.start("one", { steps: 20 });
console.log(await flow.result("one"));
process.exit(0);
