import type { Health } from "@havn/model";
import type { Style } from "../kit/style.ts";

/** "3 s", "5 min", "2 h", "4 d": how long, to one unit. */
export function roughly(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

export const ago = (at: number, now: number): string => `${roughly(now - at)} ago`;

/** Elapsed time of work under way: "0.4 s", "12 s", "2 min 5 s". */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

export function bytes(number: number): string {
  if (number >= 1024 ** 3) return `${Math.round((number / 1024 ** 3) * 10) / 10} GB`;
  return `${Math.round(number / 1024 ** 2)} MB`;
}

/** Local date and time to the second, or with milliseconds for log lines. */
export function localTime(at: number, precision: "second" | "millisecond" = "second"): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const rest = precision === "millisecond" ? `.${String(date.getMilliseconds()).padStart(3, "0")}` : "";
  return `${day} ${time}${rest}`;
}

export function paintHealth(health: Health, text: string, style: Style): string {
  switch (health) {
    case "healthy":
      return style.green(text);
    case "unhealthy":
      return style.red(text);
    case "starting":
      return style.yellow(text);
    case "stopped":
    case "unknown":
      return style.dim(text);
  }
}

export const healthMark = (health: Health, style: Style): string =>
  paintHealth(health, health === "unhealthy" ? "✗" : health === "healthy" ? "●" : "○", style);

export function paintSeverity(severity: string, text: string, style: Style): string {
  if (severity === "critical" || severity === "error" || severity === "fatal") return style.red(text);
  if (severity === "warning" || severity === "warn") return style.yellow(text);
  return severity === "debug" || severity === "trace" ? style.dim(text) : text;
}
