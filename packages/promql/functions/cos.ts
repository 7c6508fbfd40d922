import { defineMath } from "./define.ts";

export default defineMath("cos", Math.cos);
