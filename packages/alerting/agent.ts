export { linesOf } from "./checks/lines.ts";
export { type CheckRun, createProbes, type Probes, type ProbesOptions } from "./checks/runner.ts";
export { type CheckSample, samplesOf } from "./checks/series.ts";
export { createNrpeServer, type NrpeServer } from "./nrpe/server.ts";
