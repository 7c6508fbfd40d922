import { defineHistogramMath } from "./define.ts";

export default defineHistogramMath("histogram_count", ({ count }) => count);
