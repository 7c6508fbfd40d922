import { defineMath } from "./define.ts";

export default defineMath("ln", Math.log);
