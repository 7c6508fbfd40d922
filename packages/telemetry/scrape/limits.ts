import type { Labels } from "@havn/model";

/** 0 is no limit. A target that goes over one is not taken at all, as in Prometheus. */
export interface Limits {
  bytes: number;
  /** Samples in an answer, before any is dropped: the rest of it is not even read. */
  exposed: number;
  samples: number;
  labels: number;
  nameLength: number;
  valueLength: number;
  /** Takes note of series that were not there before; false where they are too many. */
  newSeries?: ((count: number) => boolean) | undefined;
}

/** Decompressed. */
export const largestAnswer = 32 * 1024 * 1024;
/** Of one target, where `sample_limit` does not say another. */
export const usualSamples = 200_000;
export const noLimits: Limits = {
  bytes: largestAnswer,
  exposed: 0,
  samples: 0,
  labels: 0,
  nameLength: 0,
  valueLength: 0,
};

/** What of a series is over a limit. */
export function limitFault(labels: Labels, limits: Limits): string | undefined {
  const names = Object.keys(labels);
  const name = labels.__name__ ?? "";
  if (limits.labels > 0 && names.length > limits.labels)
    return `${name} has ${names.length} labels, more than the limit of ${limits.labels}`;
  if (limits.nameLength === 0 && limits.valueLength === 0) return undefined;
  for (const label of names) {
    if (limits.nameLength > 0 && label.length > limits.nameLength)
      return `the name of a label of ${name} is longer than the limit of ${limits.nameLength}`;
    if (limits.valueLength > 0 && (labels[label] ?? "").length > limits.valueLength)
      return `the value of ${label} of ${name} is longer than the limit of ${limits.valueLength}`;
  }
  return undefined;
}
