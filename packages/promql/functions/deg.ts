import { defineMath } from "./define.ts";

export default defineMath("deg", (radians) => (radians * 180) / Math.PI);
