import { findDuration } from "@havn/model";
import { z } from "zod";

/** A duration of Prometheus; `0` alone is one too. */
export const duration = z
  .union([z.string(), z.literal(0)])
  .transform((value) => (value === 0 || value === "0" ? "0s" : value))
  .refine((text) => findDuration(text) !== undefined, {
    message: 'expected a duration such as "15s", "5m" or "1h30m"',
  });

/** Of targets and rules: timers need a length. */
export const interval = duration.refine((text) => {
  const milliseconds = findDuration(text) ?? 0;
  return milliseconds >= 1 && milliseconds < 2 ** 31;
}, "expected a duration from 1ms to 24d");

const units: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
  PB: 1024 ** 5,
  EB: 1024 ** 6,
};

/** Bytes of `15MB`, `1.5KiB`, `0`; undefined for what is no size. As in Prometheus, all units are powers of 1024. */
export function findBytes(text: string): number | undefined {
  const [, count, unit = "B"] = /^(\d+(?:\.\d+)?)\s*([KMGTPE]?i?B)?$/.exec(text) ?? [];
  const scale = units[unit.replace("i", "")];
  return count === undefined || scale === undefined ? undefined : Math.floor(Number(count) * scale);
}

export const bytes = z
  .union([z.string(), z.number().min(0)])
  .transform(String)
  .refine((text) => findBytes(text) !== undefined, 'expected a size such as "15MB", or 0 for no limit');

export const count = z.number().int().min(0);

/** Text, also where YAML reads a number or a boolean. */
export const word = z.union([z.string(), z.number(), z.boolean()]).transform(String);

export const labelSet = z.record(z.string().min(1), word);
