import { defineMath } from "./define.ts";

export default defineMath("exp", Math.exp);
