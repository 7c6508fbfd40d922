import { defineHistogramMath } from "./define.ts";

export default defineHistogramMath("histogram_sum", ({ sum }) => sum);
