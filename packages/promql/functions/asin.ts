import { defineMath } from "./define.ts";

export default defineMath("asin", Math.asin);
