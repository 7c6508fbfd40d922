import { HavnError } from "@havn/model";
import { sameValue } from "@havn/plan";
import { z } from "zod";
import { type EditedFile, editedFileShape, planText, readEditedFile, textOf } from "./edited-file.ts";
import { textProperty } from "./text.ts";
import { type ResourceDefinition, type ResourceReader, unchanged } from "./type.ts";

/** Where a setting stands in its document: names of objects' properties, numbers of lists' items (from 0). */
export type SettingPath = readonly (string | number)[];

/** One file format. Comments and formatting of everything else stay. Throws a HavnError for what is no such document. */
export interface SettingEditor {
  /** Undefined where it is not set. */
  get(text: string, at: SettingPath): unknown;
  set(text: string, at: SettingPath, value: unknown): string;
  /** The same text where it is not set. */
  remove(text: string, at: SettingPath): string;
}

export interface SettingProperties {
  path: string;
  create: boolean;
  validate?: string[] | undefined;
  key: string | (string | number)[];
  section?: string | undefined;
  value?: unknown;
  absent: boolean;
}

/** The libraries that know the formats are loaded only where they are needed: the agent's half edits, and this decides. */
export interface SettingObserved {
  file: EditedFile;
  /** The whole text with the setting as it shall be; with it as it was before Havn came. */
  edited?: string | undefined;
  restored?: string | undefined;
  /** Its value now, and before Havn first changed it; null where it was not set. */
  current?: { value: unknown } | undefined;
  before?: { value: unknown } | undefined;
}

const json: z.ZodType = z.json();
export const settingValue = z.union([textProperty, json]);

export const settingShape = {
  ...editedFileShape,
  key: z
    .union([z.string().min(1), z.array(z.union([z.string(), z.number().int().min(0)])).min(1)])
    .describe(
      'where it stands: "server.port", or ["server", "port"] where names hold dots; numbers count from 0',
    ),
  value: settingValue.optional().describe("as JSON would write it; needed unless absent"),
  absent: z.boolean().default(false).describe("true: it must not be set"),
} as const;

/** For `refine`: what is not absent has a value. */
export const hasValue = ({ value, absent }: { value?: unknown; absent: boolean }): boolean =>
  absent || value !== undefined;
export const needsValue = { message: "expected a value, or absent: true" };

export const defineSetting = (
  type: string,
  schema: z.ZodType,
): ResourceDefinition<SettingProperties, SettingObserved> => ({
  type,
  schema,
  paths: ({ path }) => [path],
  before: ({ current }) => current,
  plan({ file, edited, restored, before }, desired, wanted) {
    const { path, validate } = desired;
    if (wanted === "absent") {
      // What Havn never changed, and what was changed by others since, is not put back.
      if (file.kind !== "file" || before === undefined || restored === undefined) return unchanged;
      const plan = planText(file, { path, validate, after: restored, shownAs: "value" });
      return plan.action === "no-op" ? plan : { ...plan, action: "delete" };
    }
    if (desired.absent && file.kind === "absent") return unchanged;
    const after = edited ?? textOf(file, path, desired.create);
    return planText(file, { path, validate, after, shownAs: "value" });
  },
});

export const settingReader = (
  load: () => Promise<SettingEditor>,
): ResourceReader<SettingProperties, SettingObserved> => ({
  async read(resources, host) {
    const editor = await load();
    return Promise.all(
      resources.map(async ({ address, properties }): Promise<SettingObserved> => {
        const file = await readEditedFile(properties.path, host);
        if (file.kind === "not text" || (file.kind === "absent" && !properties.create)) return { file };
        const before = host.before(address) as SettingObserved["before"];
        try {
          return {
            file,
            before,
            ...edit(editor, file.kind === "file" ? file.content : "", properties, before),
          };
        } catch (error) {
          if (!(error instanceof HavnError)) throw error;
          throw new HavnError(`${properties.path}: ${error.message}`, { detail: error.detail, cause: error });
        }
      }),
    );
  },
});

function edit(
  editor: SettingEditor,
  text: string,
  properties: SettingProperties,
  before: SettingObserved["before"],
) {
  const at = settingPath(properties);
  const now = editor.get(text, at);
  const isAsWanted = properties.absent ? now === undefined : sameValue(now, properties.value);
  const edited = isAsWanted
    ? text
    : properties.absent
      ? editor.remove(text, at)
      : editor.set(text, at, properties.value);
  const restored =
    before === undefined || !isAsWanted
      ? undefined
      : before.value === null
        ? editor.remove(text, at)
        : editor.set(text, at, before.value);
  return { edited, restored, current: { value: now ?? null } };
}

export function settingPath({ key, section }: Pick<SettingProperties, "key" | "section">): SettingPath {
  const own =
    typeof key === "string"
      ? section === undefined
        ? key.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part))
        : [key]
      : key;
  return section === undefined ? own : section === "" ? own : [section, ...own];
}

export const showPath = (at: SettingPath): string => at.join(".");

/** What an edited document must mean. Throws where an edit would have changed anything else. */
export function checkMeaning(actual: unknown, expected: unknown, at: SettingPath): void {
  if (sameValue(actual, expected)) return;
  throw new HavnError(`${showPath(at)} cannot be set alone here`, {
    detail:
      "It is written in a way that changes something else too, such as an anchor. Edit the file as a whole.",
  });
}

/** A copy of `document` with `value` at a path; objects on the way are made. Undefined: removed. */
export function withValue(document: unknown, at: SettingPath, value: unknown): unknown {
  const [first, ...rest] = at;
  if (first === undefined) return value;
  if (Array.isArray(document)) {
    if (typeof first !== "number" || first > document.length) throw wrongKind(at, "a list");
    const items = [...document];
    if (value === undefined && rest.length === 0) items.splice(first, 1);
    else items[first] = withValue(items[first], rest, value);
    return items;
  }
  if (document !== undefined && document !== null && (typeof document !== "object" || isDate(document)))
    throw wrongKind(at, "a single value");
  const copy = { ...(document as Record<string, unknown> | undefined) };
  if (value === undefined && rest.length === 0) delete copy[first];
  else copy[first] = withValue(copy[first], rest, value);
  return copy;
}

export function valueAt(document: unknown, at: SettingPath): unknown {
  let here = document;
  for (const part of at) {
    if (typeof here !== "object" || here === null) return undefined;
    if (Array.isArray(here) ? typeof part !== "number" : !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}

const isDate = (value: unknown): boolean => value instanceof Date;

const wrongKind = (at: SettingPath, is: string) =>
  new HavnError(`${showPath(at)} cannot be set`, {
    detail: `What holds it is ${is}. Correct the key, or edit the file as a whole.`,
  });

/** Indentation of the line that `offset` is in. */
export function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))?.[0] ?? "";
}

export const splice = (text: string, start: number, end: number, by: string): string =>
  text.slice(0, start) + by + text.slice(end);
