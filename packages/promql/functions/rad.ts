import { defineMath } from "./define.ts";

export default defineMath("rad", (degrees) => (degrees * Math.PI) / 180);
