import { defineMath } from "./define.ts";

export default defineMath("sin", Math.sin);
