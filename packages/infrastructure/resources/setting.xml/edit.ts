import { HavnError } from "@havn/model";
import { parseXml, XmlDocument, XmlElement, XmlError } from "@rgrove/parse-xml";
import { indentAt, type SettingPath, splice } from "../setting.ts";
import { parsePath, type Step } from "./path.ts";

/** Only the named place is rewritten: comments, layout, entities and quotes of all else stay byte for byte. */
export function get(text: string, at: SettingPath): string | undefined {
  const { steps, attribute } = parsePath(String(at[0]));
  const { element, rest } = walk(read(text), steps);
  if (!element || rest.length > 0) return undefined;
  return attribute === undefined ? element.text.trim() : element.attributes[attribute];
}

export function set(text: string, at: SettingPath, value: unknown): string {
  return withPlainEnds(text, (plain) => {
    const { steps, attribute } = parsePath(String(at[0]));
    const { element, rest } = walk(read(plain), steps);
    if (!element)
      throw new HavnError(`${at[0]} cannot be set`, {
        detail: "Its root has another name. Correct the key.",
      });
    const after =
      rest.length > 0
        ? addElement(plain, element, { rest, attribute, value: String(value) })
        : attribute === undefined
          ? setText(plain, element, String(value))
          : setAttribute(plain, element, { attribute, value: String(value) });
    if (get(after, at) === String(value).trim() || get(after, at) === String(value)) return after;
    throw new HavnError(`${at[0]} cannot be set alone`, { detail: "Edit the file as a whole." });
  });
}

export function remove(text: string, at: SettingPath): string {
  return withPlainEnds(text, (plain) => {
    const { steps, attribute } = parsePath(String(at[0]));
    const { element, rest } = walk(read(plain), steps);
    if (!element || rest.length > 0) return plain;
    if (attribute !== undefined) {
      const found = findAttribute(plain, element, attribute);
      return found ? splice(plain, found.start, found.end, "") : plain;
    }
    if (element.parent instanceof XmlDocument)
      throw new HavnError("The root cannot be removed", { detail: "Declare the file as absent instead." });
    const lineStart = plain.lastIndexOf("\n", element.start - 1) + 1;
    const isAlone =
      plain.slice(lineStart, element.start).trim() === "" && /^[ \t]*\n/.test(plain.slice(element.end));
    return isAlone
      ? splice(plain, lineStart, plain.indexOf("\n", element.end) + 1, "")
      : splice(plain, element.start, element.end, "");
  });
}

function read(text: string): XmlDocument {
  try {
    return parseXml(text, { includeOffsets: true });
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new HavnError(`is no XML: ${error.message.split("\n")[0]}`, {
      detail: "Correct the file, or declare its whole content.",
    });
  }
}

/** The parser counts a line's end as one character, however it is written. */
function withPlainEnds(text: string, edit: (plain: string) => string): string {
  if (!text.includes("\r\n")) return edit(text);
  return edit(text.replaceAll("\r\n", "\n")).replaceAll("\n", "\r\n");
}

/** The deepest element that is there on the way, and the steps that are left. */
function walk(
  document: XmlDocument,
  steps: readonly Step[],
): { element: XmlElement | undefined; rest: readonly Step[] } {
  let element: XmlElement | undefined;
  for (const [index, step] of steps.entries()) {
    const parent: XmlDocument | XmlElement = element ?? document;
    const next = childrenOf(parent).filter((child) => matches(child, step))[(step.position ?? 1) - 1];
    if (!next) return { element, rest: steps.slice(index) };
    element = next;
  }
  return { element, rest: [] };
}

const childrenOf = (parent: XmlDocument | XmlElement): XmlElement[] =>
  parent.children.filter((child): child is XmlElement => child instanceof XmlElement);

const matches = ({ name, attributes }: XmlElement, step: Step): boolean =>
  name === step.name && Object.entries(step.attributes).every(([key, value]) => attributes[key] === value);

/** Behind the start tag: `<a b=">">`. */
function tagEnd(text: string, { start }: XmlElement): number {
  const tag = /<(?:[^>"']|"[^"]*"|'[^']*')*>/y;
  tag.lastIndex = start;
  return start + (tag.exec(text)?.[0].length ?? 0);
}

/** Where the end tag begins. */
const closeOf = (text: string, { end }: XmlElement): number => text.lastIndexOf("</", end);

const isEmptyTag = (text: string, element: XmlElement): boolean =>
  text.slice(0, tagEnd(text, element)).endsWith("/>");

function setText(text: string, element: XmlElement, value: string): string {
  if (childrenOf(element).length > 0)
    throw new HavnError(`<${element.name}> holds other elements`, {
      detail: "Set those one by one, or an attribute.",
    });
  const open = tagEnd(text, element);
  return isEmptyTag(text, element)
    ? openUp(text, element, escapeText(value))
    : splice(text, open, closeOf(text, element), escapeText(value));
}

/** `<a/>` → `<a>content</a>`. */
function openUp(text: string, element: XmlElement, content: string): string {
  const open = tagEnd(text, element);
  const tag = text.slice(element.start, open - 2).trimEnd();
  return splice(text, element.start, open, `${tag}>${content}</${element.name}>`);
}

function findAttribute(text: string, element: XmlElement, attribute: string) {
  const open = tagEnd(text, element);
  const attributes = /\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')/g;
  attributes.lastIndex = element.start + 1 + element.name.length;
  for (let found = attributes.exec(text); found && found.index < open; found = attributes.exec(text))
    if (found[1] === attribute) {
      const end = found.index + found[0].length;
      return { start: found.index, end, valueStart: end - (found[2]?.length ?? 0) };
    }
  return undefined;
}

function setAttribute(
  text: string,
  element: XmlElement,
  { attribute, value }: { attribute: string; value: string },
): string {
  const found = findAttribute(text, element, attribute);
  if (found) return splice(text, found.valueStart, found.end, quote(value));
  const place = element.start + 1 + element.name.length;
  return splice(text, place, place, ` ${attribute}=${quote(value)}`);
}

/** The elements that are missing on the way, one in the other, at the end of the one that is there. */
function addElement(
  text: string,
  parent: XmlElement,
  { rest, attribute, value }: { rest: readonly Step[]; attribute: string | undefined; value: string },
): string {
  const children = childrenOf(parent);
  const sibling = children.at(-1);
  const base = indentAt(text, parent.start);
  const unit = sibling ? indentAt(text, sibling.start).slice(base.length) || "  " : "  ";
  const indent = base + unit;
  const built = build(rest, { attribute, value, indent, unit });
  if (isEmptyTag(text, parent)) return openUp(text, parent, `\n${indent}${built}\n${base}`);
  if (sibling) return splice(text, sibling.end, sibling.end, `\n${indent}${built}`);
  const close = closeOf(text, parent);
  const end = text.slice(0, close).trimEnd().length;
  return splice(text, end, close, `\n${indent}${built}\n${base}`);
}

function build(
  steps: readonly Step[],
  {
    attribute,
    value,
    indent,
    unit,
  }: { attribute: string | undefined; value: string; indent: string; unit: string },
): string {
  const [step, ...deeper] = steps;
  if (!step) return "";
  const attributes = {
    ...step.attributes,
    ...(deeper.length === 0 && attribute !== undefined && { [attribute]: value }),
  };
  const written = Object.entries(attributes).map(([key, one]) => ` ${key}=${quote(one)}`);
  const tag = `<${step.name}${written.join("")}`;
  if (deeper.length > 0) {
    const inner = build(deeper, { attribute, value, indent: indent + unit, unit });
    return `${tag}>\n${indent}${unit}${inner}\n${indent}</${step.name}>`;
  }
  return attribute === undefined ? `${tag}>${escapeText(value)}</${step.name}>` : `${tag}/>`;
}

const escapeText = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const quote = (value: string): string =>
  `"${escapeText(value).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;")}"`;
