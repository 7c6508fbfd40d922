import { defineMath } from "./define.ts";

export default defineMath("sgn", (value) => (value < 0 ? -1 : value > 0 ? 1 : value));
