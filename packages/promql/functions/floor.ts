import { defineMath } from "./define.ts";

export default defineMath("floor", Math.floor);
