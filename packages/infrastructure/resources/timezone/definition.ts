import { HavnError } from "@havn/model";
import { z } from "zod";
import { part, planOf, run } from "../parts.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const timezoneSchema = z.strictObject({
  zone: z
    .string()
    .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, 'expected a time zone such as "Europe/Berlin"')
    .describe("name in the time zone database"),
});
export type TimezoneProperties = z.output<typeof timezoneSchema>;

export interface TimezoneObserved {
  /** What /etc/localtime leads to; "" where that is no zone. */
  zone: string;
  /** In /etc/timezone, which some programs read instead. */
  text: string;
  /** The declared zone is in this host's database. */
  known: boolean;
  before?: string | undefined;
}

const timezone: ResourceDefinition<TimezoneProperties, TimezoneObserved> = {
  type: "timezone",
  schema: timezoneSchema,
  plan: planTimezone,
  watches: () => ["/etc/localtime", "/etc/timezone"],
  before: ({ zone }) => zone,
  shares: () => ["/etc/timezone"],
};
export default timezone;

/** No longer declared, the host gets back the zone that it had. */
function planTimezone(observed: TimezoneObserved, desired: TimezoneProperties, wanted: Wanted): HostPlan {
  const zone = wanted === "present" ? desired.zone : observed.before;
  // Somebody else's choice since then stays.
  if (!zone || (wanted === "absent" && observed.zone !== desired.zone)) return unchanged;
  if (wanted === "present" && !observed.known)
    throw new HavnError(`This host knows no time zone "${zone}"`, {
      detail: "Correct the name, or install the package tzdata and depend on it.",
    });
  const target = `/usr/share/zoneinfo/${zone}`;
  const link = ["ln", "--symbolic", "--force", "--no-target-directory", target, "/etc/localtime"];
  return planOf(
    wanted === "present" ? "update" : "delete",
    part("zone", observed.zone, zone, run(...link)),
    part("text", observed.text, zone, {
      kind: "write",
      path: "/etc/timezone",
      content: `${zone}\n`,
      attributes: { owner: "root", group: "root", mode: "0644" },
    }),
  );
}
