// Started and killed by reverts/kill.test.ts: takes an apply of files on three hosts back and may be killed anywhere.
// Started again, what was begun goes on by itself.
import { join } from "node:path";
import { createSql } from "@havn/postgres";
import { openWorkflows } from "@havn/workflows";
import { createInfrastructure } from "../index.ts";
import { fileOn, graphOf, hostNamed, testSurroundings } from "./environment.ts";

const [url = "", directory = ""] = process.argv.slice(2);
const sql = createSql(url);
const workflows = await openWorkflows({ sql, postgresUrl: url, executorId: "test" });
const around = testSurroundings(directory);
const infrastructure = await createInfrastructure({ ...around.options, sql, workflows });
const { applies, plans, reverts } = infrastructure;
await workflows.launch();
await applies.recover();

const hosts = ["a", "b", "c"];
for (const host of hosts) around.real.set(`shop/host/${host}`, hostNamed(host).properties);
const files = (version: number) =>
  Array.from({ length: 30 }, (_, index) => {
    const before =
      index >= 3 ? [`shop/file/${hosts[(index - 2) % 3]}:${join(directory, `f${index - 2}`)}`] : [];
    return fileOn(hosts[index % 3] ?? "", join(directory, `f${index}`), { content: `${version}\n` }, before);
  });
const applied = async (version: number) => {
  const plan = await plans.create({ graph: graphOf(...hosts.map(hostNamed), ...files(version)) });
  return applies.finished((await applies.start(plan.id, { actor: "user:test" })).id);
};

let [apply] = await applies.list({ environment: "shop" });
if (apply?.kind !== "revert") {
  if (!apply) await applied(1);
  const second = await applied(2);
  const plan = await reverts.plan({ applyId: second.id });
  apply = await applies.start(plan.id, { actor: "user:test" });
}
process.stdout.write("running\n");
const { state, error } = await applies.finished(apply.id);
process.stdout.write(`${JSON.stringify({ state, error })}\n`);
process.exit(0);
