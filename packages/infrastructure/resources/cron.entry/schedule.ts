const words = new Set([
  "@reboot",
  "@yearly",
  "@annually",
  "@monthly",
  "@weekly",
  "@daily",
  "@midnight",
  "@hourly",
]);
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** Minute, hour, day of the month, month, weekday: smallest, largest, names of the values from the smallest on. */
const fields = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: months },
  { least: 0, most: 7, names: weekdays },
];

/** Whether cron takes `text` as a time, as crontab(5) has it. */
export function isSchedule(text: string): boolean {
  const parts = text.trim().split(/\s+/);
  if (parts.length === 1) return words.has(parts[0] ?? "");
  return parts.length === 5 && fields.every((field, index) => isField(parts[index] ?? "", field));
}

function isField(text: string, field: (typeof fields)[number]): boolean {
  return text.split(",").every((item) => {
    const [, range = "", step] = /^([^/]+)(?:\/(\d+))?$/.exec(item) ?? [];
    if (range === "" || (step !== undefined && Number(step) < 1)) return false;
    if (range === "*") return true;
    const [from, to, ...more] = range.split("-").map((value) => parseValue(value, field));
    if (from === undefined || Number.isNaN(from) || more.length > 0) return false;
    // A step needs a range to step through.
    return to === undefined ? step === undefined && !range.includes("-") : from <= to;
  });
}

/** NaN for what is no value of the field. */
function parseValue(text: string, { least, most, names = [] }: (typeof fields)[number]): number {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + least;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : Number.NaN;
}
