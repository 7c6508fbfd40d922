/** The greater of two, as Go's math.Max says it: +Inf is greater than NaN too. */
export const greaterOf = (a: number, b: number): number =>
  a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY
    ? Number.POSITIVE_INFINITY
    : Math.max(a, b);

/** The lesser of two, as Go's math.Min says it: -Inf is less than NaN too. */
export const lesserOf = (a: number, b: number): number =>
  a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY
    ? Number.NEGATIVE_INFINITY
    : Math.min(a, b);
