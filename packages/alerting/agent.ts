export { createProbes, type ProbeResult, type Probes, type ProbesOptions } from "./probes/runner.ts";
