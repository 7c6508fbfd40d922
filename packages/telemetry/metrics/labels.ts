import { HavnError } from "@havn/model";

const longestName = 1_024;
const longestValue = 64 * 1024;
const mostLabels = 256;

/** A label of every series of a write that its sender does not choose. */
export interface Stamp {
  env?: string;
}

/** Why a series cannot be stored. */
export class LabelFault extends TypeError {}

/**
 * Labels as the store has them: names ascending, no empty values, names and values in turn. `pairs` is in the same form,
 * in any order; a label of the stamp replaces the sender's. Throws a LabelFault.
 */
export function normalLabels(pairs: readonly string[], stamp: Stamp = {}): string[] {
  if (pairs.length > mostLabels * 2) throw new LabelFault(`a series has more than ${mostLabels} labels`);
  const labels = new Map<string, string>();
  for (let at = 0; at < pairs.length; at += 2) {
    const name = pairs[at] ?? "";
    const value = pairs[at + 1] ?? "";
    if (name === "") throw new LabelFault("a label has no name");
    if (labels.has(name)) throw new LabelFault("a series has a label twice");
    if (name.length > longestName) throw new LabelFault(`a label's name is longer than ${longestName}`);
    if (value.length > longestValue) throw new LabelFault(`a label's value is longer than ${longestValue}`);
    labels.set(name, value);
  }
  if (stamp.env !== undefined) labels.set("env", stamp.env);
  if (!labels.get("__name__")) throw new LabelFault("a series has no __name__");
  return [...labels]
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flat();
}

/** `name{label="value", …}`, for messages. */
export function showLabels(pairs: readonly string[]): string {
  let name = "";
  const inside: string[] = [];
  for (let at = 0; at < pairs.length; at += 2)
    if (pairs[at] === "__name__") name = pairs[at + 1] ?? "";
    else inside.push(`${pairs[at]}=${JSON.stringify(pairs[at + 1])}`);
  return `${name}{${inside.join(", ")}}`;
}

/** Of a body that is not what it says it is. Senders must not send it again. */
export function malformedBody(what: string, why: string, cause?: unknown): HavnError {
  return new HavnError(`The ${what} is malformed: ${why}`, {
    status: 400,
    cause,
    detail: "Nothing of it was stored, and sending it again would not change that.",
  });
}
