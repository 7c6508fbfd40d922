import { z } from "zod";
import { part, planOf, run } from "../parts.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const hostnameSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i, "expected a host name")
    .max(64)
    .describe("now and after a restart"),
});
export type HostnameProperties = z.output<typeof hostnameSchema>;

export interface HostnameObserved {
  /** In /etc/hostname. */
  stored: string;
  /** As the kernel has it. */
  live: string;
  /** The stored name before Havn came. */
  before?: string | undefined;
}

const hostname: ResourceDefinition<HostnameProperties, HostnameObserved> = {
  type: "hostname",
  schema: hostnameSchema,
  plan: planHostname,
  watches: () => ["/etc/hostname"],
  before: ({ stored, live }) => stored || live,
  shares: () => ["/etc/hostname"],
};
export default hostname;

/** No longer declared, the host gets back the name that it had. */
function planHostname(observed: HostnameObserved, desired: HostnameProperties, wanted: Wanted): HostPlan {
  const name = wanted === "present" ? desired.name : observed.before;
  // Somebody else's choice since then stays.
  if (!name || (wanted === "absent" && observed.stored !== desired.name)) return unchanged;
  return planOf(
    wanted === "present" ? "update" : "delete",
    part("name", observed.stored, name, {
      kind: "write",
      path: "/etc/hostname",
      content: `${name}\n`,
      attributes: { owner: "root", group: "root", mode: "0644" },
    }),
    part("live", observed.live, name, run("hostname", name)),
  );
}
