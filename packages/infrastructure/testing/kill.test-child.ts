// Started and killed by kill.test.ts: applies a plan of files on three hosts and may be killed anywhere. Starts the
// apply if there is none yet, else what was begun goes on by itself.
import { join } from "node:path";
import { createSql } from "@havn/postgres";
import { openWorkflows } from "@havn/workflows";
import { createInfrastructure } from "../index.ts";
import { declared, fileOn, graphOf, hostNamed, testSurroundings } from "./environment.ts";

const [url = "", directory = ""] = process.argv.slice(2);
const sql = createSql(url);
const workflows = await openWorkflows({ sql, postgresUrl: url, executorId: "test" });
const around = testSurroundings(directory);
const infrastructure = await createInfrastructure({ ...around.options, sql, workflows });
await workflows.launch();
await infrastructure.applies.recover();

const hosts = ["a", "b", "c"];
const written = (path: string) => ["sh", "-c", `echo ${path} >> ${join(directory, "writes")}; sleep 0.01`];
const files = Array.from({ length: 45 }, (_, index) => {
  const path = join(directory, `f${index}`);
  // Each after one on another host: many waves, so that the apply has many places to be killed in.
  const before =
    index >= 9 ? [`shop/file/${hosts[(index - 8) % 3]}:${join(directory, `f${index - 8}`)}`] : [];
  return fileOn(
    hosts[index % 3] ?? "",
    path,
    { content: `content ${index}\n`, validate: written(path) },
    before,
  );
});
const alerts = Array.from({ length: 6 }, (_, index) =>
  declared("alert", `alert-${index}`, {
    properties: { expr: "up", summary: "x" },
    dependsOn: [files[index * 7]?.address ?? ""],
  }),
);

let [apply] = await infrastructure.applies.list({ environment: "shop" });
if (!apply) {
  const plan = await infrastructure.plans.create({
    graph: graphOf(...hosts.map(hostNamed), ...files, ...alerts),
  });
  apply = await infrastructure.applies.start(plan.id, { actor: "user:test" });
}
process.stdout.write("running\n");
const ended = await infrastructure.applies.finished(apply.id);
process.stdout.write(
  `${JSON.stringify({ state: ended.state, error: ended.error, steps: ended.steps.map(({ state }) => state) })}\n`,
);
process.exit(0);
