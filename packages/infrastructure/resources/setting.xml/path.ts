/** One step of a path: `server[@id='a'][2]`. */
export interface Step {
  name: string;
  attributes: Record<string, string>;
  /** From 1, among those that fit otherwise. */
  position?: number;
}

/** `/config/server[@id='a']/@port` → its steps, and the attribute at its end. The schema has checked its form. */
export function parsePath(path: string): { steps: Step[]; attribute?: string } {
  const steps: Step[] = [];
  let attribute: string | undefined;
  for (const [part] of path.matchAll(/\/(?:[^/[\]]|\[(?:'[^']*'|"[^"]*"|[^\]'"])*\])+/g)) {
    const name = part.slice(1).split("[")[0] ?? "";
    if (name.startsWith("@")) {
      attribute = name.slice(1);
      continue;
    }
    const step: Step = { name, attributes: {} };
    for (const [, position, key, value] of part.matchAll(/\[(?:(\d+)|@([\w.:-]+)=('[^']*'|"[^"]*"))\]/g))
      if (position !== undefined) step.position = Number(position);
      else if (key !== undefined) step.attributes[key] = value?.slice(1, -1) ?? "";
    steps.push(step);
  }
  return { steps, ...(attribute !== undefined && { attribute }) };
}
