export { type ReadGrafana, readGrafana } from "./read.ts";
