import type { Event } from "@havn/model";
import { printable, type Style } from "../kit/style.ts";
import { localTime, paintSeverity } from "./words.ts";

/** One entry of the timeline. */
export function eventLine({ at, environment, kind, severity, summary, actor }: Event, style: Style): string {
  const where = environment ? ` ${style.bold(environment)}` : "";
  const who = style.dim(` (${printable(actor)})`);
  return `${style.dim(localTime(at))}${where} ${style.cyan(kind)} ${paintSeverity(severity, printable(summary), style)}${who}`;
}
