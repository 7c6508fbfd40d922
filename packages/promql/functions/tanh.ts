import { defineMath } from "./define.ts";

export default defineMath("tanh", Math.tanh);
