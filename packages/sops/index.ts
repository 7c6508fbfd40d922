export * from "./age.ts";
export * from "./decrypt.ts";
export type { SopsDocument, SopsFormat, SopsPath } from "./document.ts";
export { parseSops } from "./document.ts";
