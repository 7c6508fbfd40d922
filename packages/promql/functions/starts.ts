/** When two neighbouring samples were taken and since when they count, in milliseconds; 0: not known. */
export interface StartedPair {
  before: { start: number; time: number };
  after: { start: number; time: number };
}

/** The pair of samples i - 1 and i. Undefined where the series does not say since when they count. */
export function pairAt(
  samples: { timestamps: Float64Array; startTimestamps?: Float64Array },
  i: number,
): StartedPair | undefined {
  const { timestamps, startTimestamps } = samples;
  if (!startTimestamps) return undefined;
  const sampleAt = (index: number) => ({ start: startTimestamps[index] ?? 0, time: timestamps[index] ?? 0 });
  return { before: sampleAt(i - 1), after: sampleAt(i) };
}

/** True where the later one counts from nothing since the earlier one, although its value need not have fallen. */
export function startsAnew(pair: StartedPair | undefined): boolean {
  if (!pair) return false;
  const { before, after } = pair;
  if (after.start === 0 || after.start >= after.time || after.start < before.time) return false;
  if (after.start > before.time) return true;
  // What starts where the sample before was taken is a delta, unless that sample only opened a count whose start was
  // not known (OpenTelemetry), or told nonsense.
  return before.start <= before.time && before.start !== 0 && before.start !== before.time;
}

export const overlaps = (pair: StartedPair | undefined): boolean =>
  pair !== undefined &&
  pair.after.start !== 0 &&
  pair.after.start < pair.before.time &&
  pair.after.start !== pair.before.start;
