import { dirname } from "node:path";
import { HavnError } from "@havn/model";
import { z } from "zod";
import { type OwnFile, removeOwnFile, writeOwnFile } from "../own-file.ts";
import { nothing, type Part, part, planOf, run } from "../parts.ts";
import type { HostPlan, ResourceDefinition, Wanted } from "../type.ts";

export const kernelModuleSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'expected the name of a module, such as "br_netfilter"')
    .describe("as modprobe knows it"),
  options: z
    .string()
    .regex(/^[^\n]+$/)
    .optional()
    .describe("parameters with which it is loaded"),
  blocked: z.boolean().default(false).describe("true: it must not be loaded, now and after a restart"),
});
export type KernelModuleProperties = z.output<typeof kernelModuleSchema>;

export interface KernelModuleObserved {
  /** "built in": part of the kernel, and loaded always. */
  state: "loaded" | "not loaded" | "built in";
  /** In a container the modules are another computer's. */
  container: boolean;
  /** /etc/modules-load.d: loaded at start. */
  load?: OwnFile;
  /** /etc/modprobe.d: options, or that it is not loaded. */
  configuration?: OwnFile;
  /** How it was before Havn first changed it. */
  before?: string | undefined;
}

const kernelModule: ResourceDefinition<KernelModuleProperties, KernelModuleObserved> = {
  type: "kernel.module",
  schema: kernelModuleSchema,
  plan: planModule,
  paths: ({ name }) => [loadPath(name), configurationPath(name)],
  before: ({ state }) => state,
  keeps: ({ name }) => [loadPath(name), configurationPath(name)],
};
export default kernelModule;

export const loadPath = (name: string): string => `/etc/modules-load.d/havn-${name}.conf`;
export const configurationPath = (name: string): string => `/etc/modprobe.d/havn-${name}.conf`;

function planModule(
  observed: KernelModuleObserved,
  desired: KernelModuleProperties,
  wanted: Wanted,
): HostPlan {
  const { name, options, blocked } = desired;
  if (wanted === "absent") return planRemoval(observed, name);
  const configuration = blocked
    ? `blacklist ${name}\ninstall ${name} /bin/false\n`
    : options && `options ${name} ${options}\n`;
  return planOf(
    observed.load || observed.configuration ? "update" : "create",
    keep(observed.configuration, configurationPath(name), configuration, "configuration"),
    keep(observed.load, loadPath(name), blocked ? undefined : `${name}\n`, "load"),
    planState(observed, name, blocked ? "not loaded" : "loaded"),
  );
}

function keep(file: OwnFile, path: string, text: string | undefined, property: string): Part {
  if (!text) return removeOwnFile(file, path, property);
  const { changes, operations } = writeOwnFile(file, {
    path,
    property,
    content: `# Written by Havn.\n${text}`,
  });
  // Without the kmod package, which a container need not have, the folder is not there.
  const folder = file ? [] : [run("mkdir", "--parents", "--", dirname(path))];
  return { changes, operations: [...folder, ...operations] };
}

function planState({ state, container }: KernelModuleObserved, name: string, after: string): Part {
  if (state === after || (state === "built in" && after === "loaded")) return nothing;
  if (state === "built in")
    throw new HavnError(`${name} is built into the kernel`, {
      detail: "It cannot be taken out. Remove `blocked`, or use a kernel without it.",
    });
  if (container)
    throw new HavnError(`${name} is ${state} and that cannot be changed here`, {
      detail:
        "This host is a container: its kernel is another computer's. Declare the module on that computer.",
    });
  const command = after === "loaded" ? ["modprobe", "--", name] : ["modprobe", "--remove", "--", name];
  return part("state", state, after, run(...command));
}

function planRemoval(observed: KernelModuleObserved, name: string): HostPlan {
  const { load, configuration, container, before, state } = observed;
  const files = [
    removeOwnFile(configuration, configurationPath(name), "configuration"),
    removeOwnFile(load, loadPath(name), "load"),
  ];
  const back =
    container || before !== "not loaded" || state !== "loaded"
      ? nothing
      : planState(observed, name, "not loaded");
  return planOf("delete", ...files, back);
}
