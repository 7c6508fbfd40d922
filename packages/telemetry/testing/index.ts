export { markResent } from "../protocols/agent/envelope.ts";
export { batchOf, benchLogBatch, benchSampleBatch, rowsPerBatch } from "./batches.ts";
export { type KillReport, runKillTest } from "./kill.ts";
