import { defineMath } from "./define.ts";

export default defineMath("atanh", Math.atanh);
