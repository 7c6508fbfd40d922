export { readWitnessConfig } from "./witness/config.ts";
export { openWitness } from "./witness/witness.ts";
