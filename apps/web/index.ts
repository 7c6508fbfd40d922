export { type BuiltWeb, buildWeb } from "./build.ts";
export { webRoutes } from "./serve.ts";
