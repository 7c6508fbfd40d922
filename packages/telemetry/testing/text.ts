/** `name{label="value",…}`, labels in order. */
export function labelsText({ __name__ = "", ...labels }: Readonly<Record<string, string>>): string {
  const inside = Object.keys(labels)
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return `${__name__}{${inside.join(",")}}`;
}
