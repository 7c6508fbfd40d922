import { defineHistogramMath } from "./define.ts";

export default defineHistogramMath("histogram_avg", ({ sum, count }) => sum / count);
