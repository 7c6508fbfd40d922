export { type MemoryQuerier, memoryQuerier } from "./memory.ts";
export { type Outcome, runScript, type ScriptStore } from "./runner.ts";
