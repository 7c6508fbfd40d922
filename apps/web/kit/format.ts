import type { Language } from "./preferences.ts";

/** Numbers and times as people of the language write them. */
export interface Formats {
  number(value: number): string;
  /** With as many digits behind the comma as told. */
  fixed(value: number, decimals: number): string;
  /** 0.123 → "12 %" or "12.3%". */
  percent(ratio: number): string;
  bytes(value: number): string;
  bytesPerSecond(value: number): string;
  perSecond(value: number): string;
  /** Seconds in. */
  seconds(value: number): string;
  time(at: number): string;
  day(at: number): string;
  dateTime(at: number): string;
  ago(at: number, now: number): string;
}

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

export function createFormats(language: Language): Formats {
  // nb-NO is the tag that every browser has data for.
  const locale = language === "nb" ? "nb-NO" : "en-GB";
  const digits = (maximum: number) => new Intl.NumberFormat(locale, { maximumFractionDigits: maximum });
  const [whole, one, two] = [digits(0), digits(1), digits(2)];
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });

  const short = (value: number) =>
    Math.abs(value) >= 100
      ? whole.format(value)
      : Math.abs(value) >= 10
        ? one.format(value)
        : two.format(value);
  const bytes = (value: number) => {
    const power = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
    return `${short(value / 1024 ** power)} ${byteUnits[power]}`;
  };
  return {
    number: short,
    fixed: (value, decimals) =>
      value.toLocaleString(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
    percent: (ratio) => percent.format(ratio),
    bytes,
    bytesPerSecond: (value) => `${bytes(value)}/s`,
    perSecond: (value) => `${short(value)}/s`,
    seconds: (value) => (value < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`),
    time: (at) => time.format(at),
    day: (at) => day.format(at),
    dateTime: (at) => dateTime.format(at),
    ago(at, now) {
      const seconds = Math.round((at - now) / 1000);
      if (Math.abs(seconds) < 60) return relative.format(Math.min(0, seconds), "second");
      if (Math.abs(seconds) < 3600) return relative.format(Math.round(seconds / 60), "minute");
      if (Math.abs(seconds) < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
      return relative.format(Math.round(seconds / 86_400), "day");
    },
  };
}
