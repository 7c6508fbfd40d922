type Row = readonly (number | null)[];

/** Adds rows up from the first on; a gap adds nothing but stays a gap where all rows have one. */
export function stacked(rows: readonly Row[], share: "normal" | "percent"): (number | null)[][] {
  const length = rows[0]?.length ?? 0;
  const totals = new Float64Array(length);
  if (share === "percent")
    for (const row of rows)
      for (let at = 0; at < length; at++) totals[at] = (totals[at] ?? 0) + Math.abs(row[at] ?? 0);
  // What is below zero stacks downwards, apart from what is above.
  const above = new Float64Array(length);
  const below = new Float64Array(length);
  return rows.map((row) =>
    Array.from({ length }, (_, at) => {
      const given = row[at];
      if (given === null || given === undefined) return null;
      const total = totals[at] ?? 0;
      const value = share === "percent" ? (total === 0 ? 0 : given / total) : given;
      const side = value < 0 ? below : above;
      const sum = (side[at] ?? 0) + value;
      side[at] = sum;
      return sum;
    }),
  );
}
