type Labels = Readonly<Record<string, string>>;

/** `{{label}}` filled in from a series' labels. */
export function legendOf(template: string, metric: Labels): string {
  return template.replace(/\{\{\s*([\w.:-]+)\s*\}\}/g, (_, label: string) => metric[label] ?? "");
}

/** A series as PromQL writes it. */
export function seriesName(metric: Labels): string {
  const { __name__ = "", ...labels } = metric;
  const inside = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return inside.length > 0 ? `${__name__}{${inside.join(", ")}}` : __name__ || "{}";
}

/** Labels that people know things by come first where several would do. */
const telling = ["host", "service", "instance", "device", "mode", "code", "le"];

/** Names that tell several series apart: one label's value where that does, else all labels in which they differ. */
export function distinctNames(metrics: readonly Labels[]): string[] {
  const [only] = metrics;
  if (only && metrics.length === 1) return [seriesName(only)];
  const names = new Set(metrics.flatMap((metric) => Object.keys(metric)));
  const values = (name: string) => new Set(metrics.map((metric) => metric[name]));
  const differing = [...names].filter((name) => values(name).size > 1);
  const alone = [...telling, ...differing].find(
    (name) =>
      differing.includes(name) && values(name).size === metrics.length && !values(name).has(undefined),
  );
  if (alone !== undefined) return metrics.map((metric) => metric[alone] ?? "");
  return metrics.map((metric) => {
    const kept = differing.flatMap((name): [string, string][] => {
      const value = metric[name];
      return value === undefined ? [] : [[name, value]];
    });
    const [one] = kept;
    return kept.length === 1 && one ? one[1] : seriesName(Object.fromEntries(kept));
  });
}
