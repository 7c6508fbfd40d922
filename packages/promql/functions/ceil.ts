import { defineMath } from "./define.ts";

export default defineMath("ceil", Math.ceil);
