import { defineMath } from "./define.ts";

export default defineMath("log10", Math.log10);
