export * from "./config.ts";
export * from "./desired.ts";
export * from "./frames.ts";
export * from "./methods.ts";
export * from "./peer.ts";
export * from "./request.ts";
export * from "./runs.ts";
