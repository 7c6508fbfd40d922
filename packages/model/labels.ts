/** Metric and log labels, names as in Prometheus' data model. An empty value means the label is absent. */
export type Labels = Readonly<Record<string, string>>;

/** A string that is equal for equal label sets: names sorted, empty values left out. */
export function labelsKey(labels: Labels): string {
  const names = Object.keys(labels)
    .filter((name) => labels[name] !== "")
    .sort();
  return names.map((name) => `${name}\xff${labels[name]}`).join("\xfe");
}
