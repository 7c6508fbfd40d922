/** The process that the kill test kills: a store that takes batches from its parent and says what it acknowledged. */
import { join } from "node:path";
import { openClickHouse } from "@havn/clickhouse";
import { createTelemetry } from "@havn/telemetry";
import { markResent } from "../protocols/agent/envelope.ts";
import { batchOf, type Job, source } from "./batches.ts";

const [directory] = process.argv.slice(2);
if (!directory) throw new Error("usage: victim.ts DIRECTORY");
const clickhouse = await openClickHouse({ dataDirectory: join(directory, "clickhouse") });
const telemetry = await createTelemetry({ clickhouse, spoolDirectory: join(directory, "spool") });

process.on("message", ({ kind, number, resent }: Job) => {
  const bytes = batchOf(kind, number);
  if (resent) markResent(bytes);
  telemetry.ingest(kind, `batch-${number}`, source, bytes).then(
    () => process.send?.({ kind, number }),
    () => process.send?.({ kind, number, failed: true }),
  );
});
process.once("disconnect", () => process.exit(1));
process.send?.("ready");
