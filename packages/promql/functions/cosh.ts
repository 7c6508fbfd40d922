import { defineMath } from "./define.ts";

export default defineMath("cosh", Math.cosh);
