export { hintsAsStored, histogramsMatch, parseHistogram } from "./histograms.ts";
export { parseLabels, parseSeries, staleMarker } from "./series.ts";
