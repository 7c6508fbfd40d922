import { defineMath } from "./define.ts";

export default defineMath("asinh", Math.asinh);
