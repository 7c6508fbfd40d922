import { defineMath } from "./define.ts";

export default defineMath("atan", Math.atan);
