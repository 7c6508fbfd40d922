export * from "./age.ts";
export * from "./decrypt.ts";
export type { SopsDocument, SopsFormat, SopsPath } from "./document.ts";
export { findLeaf, listPaths, parseSops, pathOf, sealedFileId, sealedValueId } from "./document.ts";
