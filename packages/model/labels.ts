/** Metric and log labels, names as in Prometheus' data model. An empty value means the label is absent. */
export type Labels = Readonly<Record<string, string>>;

/** A string that is equal for equal label sets: names sorted, empty values left out. */
export function labelsKey(labels: Labels): string {
  let key = "";
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name];
    if (value !== "") key += `${key === "" ? "" : "\xfe"}${name}\xff${value}`;
  }
  return key;
}
