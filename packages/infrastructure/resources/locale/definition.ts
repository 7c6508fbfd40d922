import { z } from "zod";
import { literal } from "../lines.ts";
import { nothing, type Part, part, planOf, run } from "../parts.ts";
import { type HostPlan, type Operation, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const localeSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_]+(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/, 'expected a locale such as "de_DE.UTF-8"')
    .describe("made available on the host"),
  default: z.boolean().default(false).describe("true: what programs start with (LANG)"),
});
export type LocaleProperties = z.output<typeof localeSchema>;

export interface LocaleObserved {
  available: boolean;
  /** LANG in /etc/default/locale. */
  lang?: string | undefined;
  ours: boolean;
  /** LANG before Havn came; null where there was none. */
  before?: string | null | undefined;
}

const locale: ResourceDefinition<LocaleProperties, LocaleObserved> = {
  type: "locale",
  schema: localeSchema,
  plan: planLocale,
  watches: () => ["/etc/default/locale", "/etc/locale.gen"],
  before: ({ lang }) => lang ?? null,
  shares: () => ["/etc/default/locale"],
};
export default locale;

function planLocale(observed: LocaleObserved, desired: LocaleProperties, wanted: Wanted): HostPlan {
  const { name } = desired;
  if (wanted === "absent") return planRemoval(observed, desired);
  const make = part("available", observed.available, true, setGenerated(name, true), run("locale-gen"));
  return planOf(
    observed.available ? "update" : "create",
    observed.available ? nothing : make,
    desired.default ? setLang(observed, name) : nothing,
  );
}

/** C, POSIX and C.UTF-8 are part of the C library: they are always there. */
const setGenerated = (name: string, wanted: boolean): Operation => {
  const charset = /\.([A-Za-z0-9-]+)/.exec(name)?.[1] ?? "ISO-8859-1";
  const line = `${name} ${charset}`;
  return {
    kind: "set line",
    path: "/etc/locale.gen",
    match: `^\\s*#?\\s*${literal(name)}\\s`,
    line: wanted ? line : `# ${line}`,
  };
};

const setLang = ({ lang }: LocaleObserved, name: string | undefined): Part =>
  part("default", lang, name, {
    kind: "set line",
    path: "/etc/default/locale",
    match: "^\\s*LANG=",
    ...(name !== undefined && { line: `LANG=${name}` }),
  });

function planRemoval(observed: LocaleObserved, { name }: LocaleProperties): HostPlan {
  const { available, ours, lang, before } = observed;
  // Somebody else's choice since then stays.
  const back = lang === name && before !== undefined ? setLang(observed, before ?? undefined) : nothing;
  if (!ours) return back === nothing ? unchanged : planOf("delete", back);
  const gone = part("available", true, undefined, setGenerated(name, false), run("locale-gen"));
  return planOf("delete", back, available ? gone : nothing);
}
