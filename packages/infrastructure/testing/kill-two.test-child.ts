// Started and killed by kill.test.ts: applies to two pairs of hosts side by side and may be killed anywhere. Starts what
// was not begun yet; what was begun goes on by itself.
import { join } from "node:path";
import { createSql } from "@havn/postgres";
import { openWorkflows } from "@havn/workflows";
import { createInfrastructure } from "../index.ts";
import { fileOn, graphOf, hostNamed, testSurroundings } from "./environment.ts";

const [url = "", directory = ""] = process.argv.slice(2);
const sql = createSql(url);
const workflows = await openWorkflows({ sql, postgresUrl: url, executorId: "test" });
const around = testSurroundings(directory);
const { applies, plans } = await createInfrastructure({ ...around.options, sql, workflows });
await workflows.launch();
await applies.recover();

const pairs = [
  ["a", "c"],
  ["b", "d"],
] as const;
// Each after one on the other host of the pair: many waves, so that there are many places to be killed in.
const files = pairs.flatMap((pair) => {
  const path = (index: number) => join(directory, `f${pair[0]}${index}`);
  const hostOf = (index: number) => pair[index % 2] ?? pair[0];
  return Array.from({ length: 10 }, (_, index) =>
    fileOn(
      hostOf(index),
      path(index),
      {
        content: `content ${index}\n`,
        validate: ["sh", "-c", `echo ${path(index)} >> ${join(directory, "writes")}; sleep 0.01`],
      },
      index === 0 ? [] : [`shop/file/${hostOf(index - 1)}:${path(index - 1)}`],
    ),
  );
});
const graph = graphOf(...pairs.flat().map(hostNamed), ...files);

const begun = await applies.list({ environment: "shop" });
const ids = await Promise.all(
  pairs.map(async (pair) => {
    const own = begun.find(({ steps }) => steps.some(({ address }) => address === `shop/host/${pair[0]}`));
    if (own) return own.id;
    const plan = await plans.create({ graph, hosts: [...pair] });
    return (await applies.start(plan.id, { actor: "user:test" })).id;
  }),
);
process.stdout.write("running\n");
const ended = await Promise.all(ids.map((id) => applies.finished(id)));
process.stdout.write(
  `${JSON.stringify(ended.map(({ state, error, steps }) => ({ state, error, steps: steps.map((step) => step.state) })))}\n`,
);
process.exit(0);
