import { z } from "zod";
import { durationText } from "./duration.ts";

const timeInterval = z.strictObject({
  times: z.array(z.strictObject({ start: z.string(), end: z.string() })).optional(),
  weekdays: z.array(z.string()).optional(),
  daysOfMonth: z.array(z.string()).optional(),
  months: z.array(z.string()).optional(),
  years: z.array(z.string()).optional(),
  zone: z.string().refine(isZone, "expected an IANA time zone such as Europe/Oslo").optional(),
});

/** An IANA zone that this runtime knows. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Type `route`: who is told of which alerts. Words and meaning as in Alertmanager's configuration. */
export interface RouteProperties {
  /** Name of a receiver; its parent's where left out. */
  receiver?: string | undefined;
  match?: string[] | undefined;
  continue?: boolean | undefined;
  groupBy?: string[] | undefined;
  groupWait?: string | undefined;
  groupInterval?: string | undefined;
  repeatInterval?: string | undefined;
  muteIn?: z.infer<typeof timeInterval>[] | undefined;
  activeIn?: z.infer<typeof timeInterval>[] | undefined;
  inhibit?: { source: string[]; target: string[]; equal: string[] }[] | undefined;
  routes?: RouteProperties[] | undefined;
}

export const routeProperties: z.ZodType<RouteProperties> = z.strictObject({
  receiver: z.string().min(1).optional(),
  match: z.array(z.string()).optional(),
  continue: z.boolean().optional(),
  groupBy: z.array(z.string()).optional(),
  groupWait: durationText.optional(),
  groupInterval: durationText.optional(),
  repeatInterval: durationText.optional(),
  muteIn: z.array(timeInterval).optional(),
  activeIn: z.array(timeInterval).optional(),
  inhibit: z
    .array(
      z.strictObject({
        source: z.array(z.string()).min(1),
        target: z.array(z.string()).min(1),
        equal: z.array(z.string()).default([]),
      }),
    )
    .optional(),
  routes: z.lazy(() => z.array(routeProperties)).optional(),
});
