import type { Labels } from "@havn/model";
import type { Metadata } from "./objects.ts";

export const prefix = "__meta_kubernetes_";

const sanitised = (name: string) => name.replace(/[^a-zA-Z0-9_]/g, "_");

/** Labels and annotations of an object; `present` tells an empty one from none. */
export function objectLabels(kind: string, { labels, annotations }: Metadata): Labels {
  const made: Record<string, string> = {};
  for (const [what, given] of [
    ["label", labels],
    ["annotation", annotations],
  ] as const)
    for (const [name, value] of Object.entries(given ?? {})) {
      made[`${prefix}${kind}_${what}_${sanitised(name)}`] = value;
      made[`${prefix}${kind}_${what}present_${sanitised(name)}`] = "true";
    }
  return made;
}

/** Without what is not known. */
export function known(
  values: Readonly<Record<string, string | number | boolean | null | undefined>>,
): Labels {
  const made: Record<string, string> = {};
  for (const [name, value] of Object.entries(values))
    if (value !== null && value !== undefined && value !== "") made[prefix + name] = String(value);
  return made;
}

export const hostPort = (host: string, port: number | string | undefined | null) => {
  const shown = host.includes(":") ? `[${host}]` : host;
  return port === undefined || port === null ? shown : `${shown}:${port}`;
};

export const labelName = sanitised;
