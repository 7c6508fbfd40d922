import { defineMath } from "./define.ts";

export default defineMath("acos", Math.acos);
