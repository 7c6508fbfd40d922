import { defineMath } from "./define.ts";

export default defineMath("sinh", Math.sinh);
