export { markResent } from "../protocols/agent/envelope.ts";
export { batchOf, benchLogBatch, benchSampleBatch, rowsPerBatch } from "./batches.ts";
export { type KillReport, runKillTest } from "./kill.ts";
export { startPrometheus } from "./prometheus.ts";
export { type Shape, writeRequests } from "./write-requests.ts";
