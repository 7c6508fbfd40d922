export { runUnitTests, type UnitFailure, type UnitOutcome } from "./run.ts";
