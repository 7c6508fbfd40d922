export { type MemoryQuerier, memoryQuerier } from "./memory.ts";
export { type Outcome, runScript } from "./runner.ts";
