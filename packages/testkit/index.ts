export { type CaseFile, caseFiles } from "./cases.ts";
export { type VirtualClock, virtualClock } from "./clock.ts";
export { type FuzzTarget, fuzzTests } from "./fuzz/fuzz.ts";
export { type CommandResult, type Lab, type LabMachine, type LabOptions, lab } from "./lab.ts";
export { freePort } from "./ports.ts";
export { type TemporaryDirectory, temporaryDirectory } from "./temporary.ts";
export { findChromium, type Tier, tiers } from "./tiers.ts";
export { until } from "./until.ts";
