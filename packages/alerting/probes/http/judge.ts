import type { ProbeOf } from "@havn/model";
import type { Answer } from "./request.ts";

/** What is wrong with an answer, in one line; undefined where nothing is. */
export function judgeAnswer(
  probe: ProbeOf<"http">,
  answer: Pick<Answer, "status" | "headers" | "body">,
  /** What `probe.matches` looks for. */
  isMatch: (text: string) => boolean = () => true,
): string | undefined {
  const { status, body } = answer;
  const wanted = typeof probe.status === "number" ? [probe.status] : probe.status;
  if (!wanted.includes(status)) return `status ${status}, not ${wanted.join(" or ")}`;
  if (probe.contains !== undefined && !body.includes(probe.contains))
    return `status ${status}, but the answer does not contain "${probe.contains}"`;
  if (probe.matches !== undefined && !isMatch(body))
    return `status ${status}, but the answer does not match /${probe.matches}/`;
  for (const [name, text] of Object.entries(probe.responseHeaders ?? {})) {
    const value = answer.headers[name.toLowerCase()];
    const shown = Array.isArray(value) ? value.join(", ") : value;
    if (shown === undefined) return `status ${status}, but without the header ${name}`;
    if (!shown.includes(text)) return `status ${status}, but ${name} is "${shown}", without "${text}"`;
  }
  return probe.json === undefined ? undefined : judgeJson(probe.json, answer);
}

function judgeJson(
  wanted: NonNullable<ProbeOf<"http">["json"]>,
  { status, body }: Pick<Answer, "status" | "body">,
): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return `status ${status}, but the answer is no JSON`;
  }
  for (const [path, value] of Object.entries(wanted)) {
    const found = valueAt(document, path);
    if (found !== value)
      return `status ${status}, but ${path} is ${found === undefined ? "not there" : JSON.stringify(found)?.slice(0, 100)}, not ${JSON.stringify(value)}`;
  }
  return undefined;
}

/** `a.b[0].length`, `$.a`, `a["b.c"]`: own properties only, and the length of lists. */
export function valueAt(document: unknown, path: string): unknown {
  let value = document;
  for (const [, quoted, index, name] of path
    .replace(/^\$\.?/, "")
    .matchAll(/\["([^"]*)"\]|\[(\d+)\]|([^.[\]]+)/g)) {
    const key = quoted ?? index ?? name ?? "";
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value) && key === "length") value = value.length;
    else value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}
