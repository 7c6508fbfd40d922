import { z } from "zod";
import { type OwnFile, removeOwnFile, writeOwnFile } from "../own-file.ts";
import { planOf } from "../parts.ts";
import { textProperty } from "../text.ts";
import type { HostPlan, ResourceDefinition, Wanted } from "../type.ts";

const oneLine = z.string().regex(/^[^\n]+$/, "expected one line");

export const sudoRuleSchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]+$/,
      "expected letters, digits, hyphens and underscores: sudo passes over files with other names",
    )
    .describe("name of its file in /etc/sudoers.d"),
  user: oneLine.optional().describe('who may: a user, "%group" or an alias'),
  commands: z
    .array(oneLine)
    .min(1)
    .default(["ALL"])
    .describe("what may be run: absolute paths with their arguments, or ALL"),
  runAs: oneLine.default("ALL").describe('as whom: "root", "postgres:postgres", ALL'),
  noPassword: z.boolean().default(false).describe("true: no password is asked for"),
  content: textProperty.optional().describe("the whole file as sudoers, in place of user and commands"),
  absent: z.boolean().default(false).describe("true: the file must not be there"),
});
export type SudoRuleProperties = Omit<z.output<typeof sudoRuleSchema>, "content"> & { content?: string };

export interface SudoRuleObserved {
  file?: OwnFile;
  ours: boolean;
}

const sudoRule: ResourceDefinition<SudoRuleProperties, SudoRuleObserved> = {
  type: "sudo.rule",
  schema: sudoRuleSchema.refine(
    ({ user, content, absent }) => absent || (user === undefined) !== (content === undefined),
    "give either user and commands, or content",
  ),
  plan: planRule,
  paths: ({ name }) => [rulePath(name)],
  keeps: ({ name }) => [rulePath(name)],
};
export default sudoRule;

export const rulePath = (name: string): string => `/etc/sudoers.d/${name}`;

function planRule({ file, ours }: SudoRuleObserved, desired: SudoRuleProperties, wanted: Wanted): HostPlan {
  const path = rulePath(desired.name);
  if (desired.absent || wanted === "absent")
    return planOf("delete", removeOwnFile(desired.absent || ours ? file : undefined, path));
  const rule = writeOwnFile(file, {
    path,
    content: desired.content ?? formatRule(desired),
    attributes: { owner: "root", group: "root", mode: "0440" },
    // A mistake in one file locks everyone out of sudo.
    validate: ["visudo", "--check", "--quiet", "--file=%s"],
  });
  return planOf(file ? "update" : "create", rule);
}

function formatRule({ user, runAs, noPassword, commands }: SudoRuleProperties): string {
  return `# Written by Havn.\n${user} ALL=(${runAs}) ${noPassword ? "NOPASSWD: " : ""}${commands.join(", ")}\n`;
}
