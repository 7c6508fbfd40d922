import type { DashboardTone } from "@havn/model";
import { text } from "./json.ts";

/** Degrees on the colour wheel of Havn's palette, by its number; the eleventh is grey. */
const paletteHues = [198, 27, 152, 271, 337, 73, 224, 44, 180, 305, undefined, 8] as const;
const grey = 10;
const namedHues: Record<string, number> = {
  red: 5,
  orange: 30,
  yellow: 48,
  green: 130,
  blue: 210,
  purple: 275,
};

/** Degrees of a colour by Grafana's names, `#rrggbb` or `rgb(…)`; undefined for one without any. */
function hueOf(color: string): number | undefined {
  const name = /^(?:super-light-|light-|semi-dark-|dark-)?(\w+)$/.exec(color)?.[1] ?? "";
  if (Object.hasOwn(namedHues, name)) return namedHues[name];
  const hex =
    /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})/i.exec(color) ?? /^#([\da-f])([\da-f])([\da-f])$/i.exec(color);
  const channels = hex
    ? hex.slice(1).map((part) => Number.parseInt(part.length === 1 ? part + part : part, 16))
    : /^rgba?\(\s*(\d+)[,\s]+(\d+)[,\s]+(\d+)/.exec(color)?.slice(1).map(Number);
  if (!channels) return undefined;
  const [red = 0, green = 0, blue = 0] = channels;
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const span = most - least;
  if (span < 18) return undefined;
  const turn =
    most === red
      ? (green - blue) / span
      : most === green
        ? 2 + (blue - red) / span
        : 4 + (red - green) / span;
  return (turn * 60 + 360) % 360;
}

const apart = (left: number, right: number) => Math.min(Math.abs(left - right), 360 - Math.abs(left - right));

/** The colour of Havn's palette that comes closest. */
export function paletteOf(color: unknown): number | undefined {
  const name = text(color);
  if (name === undefined) return undefined;
  const hue = hueOf(name);
  if (hue === undefined) return grey;
  const order = paletteHues
    .flatMap((one, index) => (one === undefined ? [] : [{ index, far: apart(one, hue) }]))
    .sort((a, b) => a.far - b.far);
  return order[0]?.index;
}

/** What a colour says: green is good, red is bad. */
export function toneOf(color: unknown): DashboardTone {
  const name = text(color);
  const hue = name === undefined ? undefined : hueOf(name);
  if (hue === undefined) return "muted";
  if (hue < 18 || hue >= 330) return "bad";
  if (hue < 70) return "warn";
  return hue < 172 ? "good" : "info";
}
