export * from "./changes.ts";
export * from "./check.ts";
export { type ChoosableHost, chooseHosts } from "./choose/choose.ts";
export * from "./diff.ts";
export * from "./footprint.ts";
export * from "./order.ts";
export * from "./sequence.ts";
export { closestName } from "./suggest.ts";
export * from "./waves.ts";
