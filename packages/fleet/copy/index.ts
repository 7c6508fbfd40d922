export { encodeFiles } from "./encode.ts";
export { seekingSource, sourceOf } from "./format.ts";
export { writeFiles } from "./write.ts";
