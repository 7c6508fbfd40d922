import { z } from "zod";
import { nothing, part, planOf, run } from "../parts.ts";
import { accountName } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";

export const groupSchema = z.strictObject({
  name: accountName.describe("name of the group"),
  gid: z.number().int().min(0).optional().describe("number; absent: the next free one"),
  members: z.array(accountName).optional().describe("exactly these users; absent: left as they are"),
  system: z.boolean().default(false).describe("true: a new group's number comes from the system's range"),
  absent: z.boolean().default(false).describe("true: the group must not be there"),
});
export type GroupProperties = z.output<typeof groupSchema>;

export type GroupObserved =
  | { kind: "absent" }
  | { kind: "present"; ours: boolean; gid: number; members: string[] };

const group: ResourceDefinition<GroupProperties, GroupObserved> = {
  type: "group",
  schema: groupSchema,
  plan: planGroup,
  watches: () => ["/etc/group"],
  shares: () => ["/etc/group"],
};
export default group;

function planGroup(observed: GroupObserved, desired: GroupProperties, wanted: Wanted): HostPlan {
  const { name, gid, system } = desired;
  if (desired.absent || wanted === "absent") {
    if (observed.kind === "absent" || (!desired.absent && !observed.ours)) return unchanged;
    return planOf("delete", part("name", name, undefined, run("groupdel", "--", name)));
  }
  const members = planMembers(observed.kind === "present" ? observed.members : [], desired);
  if (observed.kind === "present")
    return planOf(
      "update",
      part("gid", observed.gid, gid ?? observed.gid, run("groupmod", "--gid", String(gid), "--", name)),
      members,
    );
  const words = [...(system ? ["--system"] : []), ...(gid === undefined ? [] : ["--gid", String(gid)])];
  return planOf("create", part("name", undefined, name, run("groupadd", ...words, "--", name)), members);
}

function planMembers(before: string[], { name, members }: GroupProperties) {
  const texts = [before, members ?? before].map((list) => [...new Set(list)].sort());
  const [is = [], shall = []] = texts;
  if (is.join(",") === shall.join(",")) return nothing;
  return part("members", is, shall, run("gpasswd", "--members", shall.join(","), name));
}
