import { dayMs } from "./tiers.ts";

/** Partitions as ClickHouse names them: weeks by their Monday, months as 202611. Milliseconds since the epoch. */
export function startOfPartition(partition: string): number {
  const month = monthOf(partition);
  return month ? Date.UTC(month.year, month.month - 1) : Date.parse(`${unquoted(partition)}T00:00:00Z`);
}

/** When the last of it is over; infinity for what is no such name. */
export function endOfPartition(partition: string): number {
  const month = monthOf(partition);
  if (month) return Date.UTC(month.year, month.month);
  const monday = startOfPartition(partition);
  return Number.isNaN(monday) ? Number.POSITIVE_INFINITY : monday + 7 * dayMs;
}

const unquoted = (partition: string): string => partition.replaceAll("'", "");

function monthOf(partition: string): { year: number; month: number } | undefined {
  const [, year, month] = /^(\d{4})(\d\d)$/.exec(partition) ?? [];
  return year && month ? { year: Number(year), month: Number(month) } : undefined;
}
