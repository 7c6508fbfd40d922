/** The index of the greatest (or least) of values[from…to); NaN only where there is nothing else. */
export function indexOfExtreme(
  values: Float64Array,
  window: { from: number; to: number },
  which: { greatest: boolean; latest: boolean },
): number {
  let best = window.from;
  for (let i = window.from + 1; i < window.to; i++) {
    const [value = 0, held = 0] = [values[i], values[best]];
    const better = which.greatest ? value > held : value < held;
    if (better || (which.latest && value === held) || Number.isNaN(held)) best = i;
  }
  return best;
}
