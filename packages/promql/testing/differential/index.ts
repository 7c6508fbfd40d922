export { type Answer, type AnswerSeries, askEngine, differenceOf } from "./answers.ts";
export { type Dataset, generateDataset } from "./dataset.ts";
export { type GeneratedQuery, generateQuery } from "./generate.ts";
export { type KnownDifference, knownDifferences } from "./known.ts";
export { isOrdered, minimise } from "./minimise.ts";
