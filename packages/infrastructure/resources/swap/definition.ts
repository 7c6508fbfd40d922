import { HavnError } from "@havn/model";
import { z } from "zod";
import { type FstabEntry, formatFstab, swapPattern } from "../fstab.ts";
import { nothing, type Part, part, planOf, run } from "../parts.ts";
import { absolutePath } from "../text.ts";
import { type HostPlan, type Operation, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const swapSchema = z.strictObject({
  path: absolutePath.describe("a file, or a block device"),
  size: z
    .string()
    .regex(/^[1-9]\d*[KMGT]$/, 'expected a size such as "2G"')
    .optional()
    .describe("of the file, which is made if it is not there; absent: the path is a device"),
  priority: z.number().int().min(-1).max(32767).optional().describe("higher is used first"),
  active: z.boolean().default(true).describe("whether it is in use now; its line in fstab stands either way"),
  absent: z.boolean().default(false).describe("true: not in use, not in fstab; a file goes"),
});
export type SwapProperties = z.output<typeof swapSchema>;

export interface SwapObserved {
  fstab?: FstabEntry | undefined;
  active: boolean;
  /** Bytes of the file; undefined where there is none, or for a device. */
  size?: number | undefined;
  container: boolean;
  ours: boolean;
}

const swap: ResourceDefinition<SwapProperties, SwapObserved> = {
  type: "swap",
  schema: swapSchema,
  plan: planSwap,
  watches: () => ["/etc/fstab"],
  shares: () => ["/etc/fstab"],
};
export default swap;

function planSwap(observed: SwapObserved, desired: SwapProperties, wanted: Wanted): HostPlan {
  const { path, size, priority } = desired;
  if (desired.absent || wanted === "absent") return planRemoval(observed, desired);
  const use = desired.active;
  if (observed.container && use && !observed.active)
    throw new HavnError(`${path} cannot be used for swapping here`, {
      detail:
        "This host is a container: its memory is another computer's. Declare the swap on that computer.",
    });
  const before = observed.fstab && formatFstab(observed.fstab);
  const options = priority === undefined ? "sw" : `sw,pri=${priority}`;
  const line = formatFstab({ device: path, path: "none", type: "swap", options, dump: 0, pass: 0 });
  const remake = size !== undefined && observed.size !== bytesOf(size);
  return planOf(
    before === undefined ? "create" : "update",
    remake ? makeFile(observed, path, size) : nothing,
    part("fstab", before, line, setLine(path, line)),
    planUse(observed, desired, remake),
  );
}

function planUse({ active }: SwapObserved, { path, priority, active: use }: SwapProperties, remake: boolean) {
  if (use)
    return active && !remake
      ? nothing
      : part("active", remake ? undefined : false, true, turnOn(path, priority));
  return active && !remake ? part("active", true, false, run("swapoff", path)) : nothing;
}

function makeFile({ active, size: before }: SwapObserved, path: string, size: string): Part {
  return part(
    "size",
    before,
    size,
    ...(active ? [run("swapoff", path)] : []),
    { kind: "remove file", path },
    { kind: "write", path, content: "", attributes: { owner: "root", group: "root", mode: "0600" } },
    run("fallocate", "--length", `${bytesOf(size)}`, path),
    run("mkswap", path),
  );
}

const turnOn = (path: string, priority: number | undefined): Operation =>
  run("swapon", ...(priority === undefined ? [] : ["--priority", `${priority}`]), path);

const setLine = (path: string, line?: string): Operation => ({
  kind: "set line",
  path: "/etc/fstab",
  match: swapPattern(path),
  ...(line !== undefined && { line }),
});

export const bytesOf = (size: string): number =>
  Number.parseInt(size, 10) * 1024 ** ("KMGT".indexOf(size.slice(-1)) + 1);

function planRemoval(observed: SwapObserved, { path, absent, size }: SwapProperties): HostPlan {
  if (!absent && !observed.ours) return unchanged;
  const { fstab, active } = observed;
  return planOf(
    "delete",
    active ? part("active", true, undefined, run("swapoff", path)) : nothing,
    fstab ? part("fstab", formatFstab(fstab), undefined, setLine(path)) : nothing,
    size !== undefined && observed.size !== undefined
      ? part("size", observed.size, undefined, { kind: "remove file", path })
      : nothing,
  );
}
