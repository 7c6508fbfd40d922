import { HavnError } from "@havn/model";
import { z } from "zod";
import { type OwnFile, removeOwnFile, writeOwnFile } from "../own-file.ts";
import { nothing, type Part, part, planOf, run } from "../parts.ts";
import type { HostPlan, ResourceDefinition, Wanted } from "../type.ts";

export const sysctlSchema = z.strictObject({
  key: z
    .string()
    .regex(/^[a-z0-9_-]+([./][A-Za-z0-9_.-]+)+$/i, 'expected a name such as "net.ipv4.ip_forward"')
    .describe("as sysctl knows it"),
  value: z
    .union([z.string().regex(/^[^\n]+$/), z.number()])
    .transform(String)
    .describe("now and after a restart"),
});
export type SysctlProperties = z.output<typeof sysctlSchema>;

export interface SysctlObserved {
  file?: OwnFile;
  /** Undefined where the kernel has no such setting. */
  live?: string | undefined;
  /** False in containers, for all that is the computer's and not the container's. */
  writable: boolean;
  /** The value before Havn first set it. */
  before?: string | undefined;
}

const sysctl: ResourceDefinition<SysctlProperties, SysctlObserved> = {
  type: "sysctl",
  schema: sysctlSchema,
  plan: planSysctl,
  paths: ({ key }) => [sysctlPath(key)],
  before: ({ live }) => live,
  keeps: ({ key }) => [sysctlPath(key)],
};
export default sysctl;

/** After the distribution's files and those that people number below it. */
export const sysctlPath = (key: string): string => `/etc/sysctl.d/95-havn-${key.replaceAll("/", "-")}.conf`;

function planSysctl(observed: SysctlObserved, { key, value }: SysctlProperties, wanted: Wanted): HostPlan {
  const path = sysctlPath(key);
  if (wanted === "absent") {
    const { before } = observed;
    const back = before === undefined || !observed.writable ? nothing : setLive(observed, key, before);
    return planOf("delete", removeOwnFile(observed.file, path), back);
  }
  const live = setLive(observed, key, value);
  const file = writeOwnFile(observed.file, { path, content: `# Written by Havn.\n${key} = ${value}\n` });
  return planOf(observed.file ? "update" : "create", file, live);
}

function setLive({ live, writable }: SysctlObserved, key: string, value: string): Part {
  const plain = (text: string) => text.trim().replace(/\s+/g, " ");
  if (live !== undefined && plain(live) === plain(value)) return nothing;
  if (live !== undefined && !writable)
    throw new HavnError(`${key} is ${plain(live)} and cannot be changed here`, {
      detail: `This host is a container: its kernel is another computer's. Set ${key} = ${value} there.`,
    });
  return part("value", live, value, run("sysctl", "--quiet", "--write", `${key}=${value}`));
}
