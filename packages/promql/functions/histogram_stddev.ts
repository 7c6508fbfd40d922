import { histogramVariance } from "../histogram/variance.ts";
import { defineHistogramMath } from "./define.ts";

export default defineHistogramMath("histogram_stddev", (histogram) =>
  Math.sqrt(histogramVariance(histogram)),
);
