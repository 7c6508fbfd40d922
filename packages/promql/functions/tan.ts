import { defineMath } from "./define.ts";

export default defineMath("tan", Math.tan);
