import { inventoryKinds } from "@havn/model";
import type { UnmanagedAnswer } from "../api/schemas.ts";
import { printable, type Style } from "../kit/style.ts";
import { count } from "./words.ts";

/** What nobody declares on a host, by kind. */
export function unmanagedView(host: string, { items, notes }: UnmanagedAnswer, style: Style): string {
  if (items.length === 0 && notes.length === 0)
    return `${style.green("Nothing unmanaged")} on ${style.bold(host)}: all that its distribution did not bring is declared.`;
  const kinds = inventoryKinds.flatMap((kind) => {
    const names = items.filter((item) => item.kind === kind).map(({ name }) => printable(name));
    return names.length === 0
      ? []
      : [`  ${style.bold(kind)} (${names.length})`, ...names.map((name) => `    ${name}`)];
  });
  return [
    `${style.yellow(count(items.length, "thing"))} on ${style.bold(host)} that nobody declares:`,
    ...kinds,
    ...(notes.length > 0 ? [`  ${style.bold("further")} (${notes.length})`] : []),
    ...notes.map(({ name, note }) => `    ${printable(name)} ${style.dim(printable(note))}`),
    "",
    `\`havn adopt ${host} --write FILE\` writes the TypeScript that declares them.`,
  ].join("\n");
}
