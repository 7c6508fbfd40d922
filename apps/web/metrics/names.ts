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

/** Names that tell several series apart: only the labels in which they differ. */
export function distinctNames(metrics: readonly Labels[]): string[] {
  const names = new Set(metrics.flatMap((metric) => Object.keys(metric)));
  const differing = [...names].filter((name) => new Set(metrics.map((metric) => metric[name])).size > 1);
  return metrics.map((metric) => {
    if (metrics.length === 1) return seriesName(metric);
    const kept = differing.flatMap((name): [string, string][] => {
      const value = metric[name];
      return value === undefined ? [] : [[name, value]];
    });
    const [only] = kept;
    return kept.length === 1 && only ? only[1] : seriesName(Object.fromEntries(kept));
  });
}
