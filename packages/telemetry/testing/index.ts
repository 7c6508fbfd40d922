export { benchLogBatch, benchSampleBatch } from "./batches.ts";
export { type KillReport, runKillTest } from "./kill.ts";
