import type { Language } from "../kit/preferences.ts";

/** Texts under a time axis: no finer than its grid lines lie apart, with the day where a new one begins. */
export function timeTexts(language: Language): (seconds: readonly number[], gap: number) => string[] {
  const locale = language === "nb" ? "nb-NO" : "en-GB";
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);
  const second = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const minute = format({ hour: "2-digit", minute: "2-digit" });
  const day = format({ day: "numeric", month: "short" });
  return (seconds, gap) =>
    seconds.map((time) => {
      const at = new Date(time * 1000);
      if (gap >= 86_400 || (at.getHours() === 0 && at.getMinutes() === 0)) return day.format(at);
      return (gap < 60 ? second : minute).format(at);
    });
}
