/** Which lines are hidden after one was clicked. */
export function toggled(
  hidden: ReadonlySet<string>,
  names: readonly string[],
  { name, alone }: { name: string; alone: boolean },
): ReadonlySet<string> {
  if (!alone) {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    return next;
  }
  const others = names.filter((one) => one !== name);
  const isAlone = !hidden.has(name) && others.every((one) => hidden.has(one));
  return new Set(isAlone ? [] : others);
}
