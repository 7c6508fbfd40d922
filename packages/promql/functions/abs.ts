import { defineMath } from "./define.ts";

export default defineMath("abs", Math.abs);
