import { createRequire } from "node:module";
import { HavnError, isReference } from "@havn/model";
import { joinText, type Text } from "./references.ts";

/** What a template may use: texts with references too, at any depth. */
export type TemplateValue =
  | Text
  | number
  | boolean
  | null
  | undefined
  | readonly TemplateValue[]
  | { readonly [name: string]: TemplateValue };

export interface TemplateOptions {
  /**
   * Templates that it includes, extends or imports, by name. Default: none.
   * @example includes: { "header.njk": readFileSync(new URL("header.njk", import.meta.url), "utf8") }
   */
  includes?: Readonly<Record<string, string>>;
  /**
   * What it is called in messages. Default: "template".
   * @example name: "nginx.conf.njk"
   */
  name?: string;
}

/**
 * A text from a Nunjucks template, whose syntax is Jinja's: {{ name }}, {% for x in list %}, {{ list | join(", ") }}.
 * It is filled in where the configuration is evaluated: the host gets the text only, and plans show it as a file's
 * difference. A name that is not given is an error. References stay references: they can be put in, not computed with.
 *
 * Where no template from elsewhere is at hand, a function is simpler, and its arguments are checked:
 *
 *     const site = ({ name, port }: { name: string; port: number }) => text`server { listen ${port}; … }`;
 *
 * @example file("/etc/nginx/nginx.conf", { host: web1, content: template(readFileSync("nginx.conf.njk", "utf8"), { workers: 4 }) });
 */
export function template(
  source: string,
  values: Readonly<Record<string, TemplateValue>> = {},
  { includes = {}, name = "template" }: TemplateOptions = {},
): Text {
  const references: Text[] = [];
  // Stands for a reference while the text is made: in characters that no text should hold.
  const mark = (reference: Text) => `\uE000Ref${references.push(reference) - 1}\uE001`;
  const rendered = render(source, { values: marked(values, mark), includes, name });
  const parts = rendered.split(/\uE000Ref(\d+)\uE001/);
  const text = parts.map((part, index) => (index % 2 === 0 ? part : (references[Number(part)] ?? "")));
  if (text.some((part) => typeof part === "string" && /[\uE000\uE001]/.test(part)))
    throw new HavnError(`A filter in ${name} changed a reference`, {
      detail: "Its value is not known before it reaches the host. Put it into the text as it is.",
      status: 400,
    });
  return references.length === 0 ? rendered : joinText(text);
}

interface Rendering {
  values: Record<string, unknown>;
  includes: Readonly<Record<string, string>>;
  name: string;
}

type Nunjucks = typeof import("nunjucks");

function render(source: string, { values, includes, name }: Rendering): string {
  // Only configurations that use a template pay for loading it.
  const nunjucks = createRequire(import.meta.url)("nunjucks") as Nunjucks;
  const loader = {
    getSource: (wanted: string) => {
      const src = Object.hasOwn(includes, wanted) ? includes[wanted] : undefined;
      if (src === undefined) throw new Error(`template "${wanted}" was not given; add it to includes`);
      return { src, path: wanted, noCache: true };
    },
  };
  const environment = new nunjucks.Environment(loader, {
    autoescape: false,
    throwOnUndefined: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  try {
    return new nunjucks.Template(source, environment, name, true).render(values);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new HavnError(`${name} cannot be filled in`, {
      detail: said.replace(/^\(unknown path\)\s*/, "").replace(/\n\s+/g, " "),
      status: 400,
      cause: error,
    });
  }
}

function marked(
  values: Readonly<Record<string, TemplateValue>>,
  mark: (reference: Text) => string,
): Record<string, unknown> {
  const walk = (value: unknown): unknown => {
    if (isReference(value)) return mark(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
    return value;
  };
  return walk(values) as Record<string, unknown>;
}
