import { defineMath } from "./define.ts";

export default defineMath("log2", Math.log2);
