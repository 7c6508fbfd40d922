import { defineMath } from "./define.ts";

export default defineMath("acosh", Math.acosh);
