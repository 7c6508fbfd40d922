import { defineMath } from "./define.ts";

export default defineMath("sqrt", Math.sqrt);
