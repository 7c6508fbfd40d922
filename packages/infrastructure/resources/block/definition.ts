import { z } from "zod";
import { type EditedFile, editedFileShape, planEdit, regularExpression } from "../edited-file.ts";
import { textProperty } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";
import { markersOf, removeBlock, setBlock } from "./edit.ts";

export const blockSchema = z
  .strictObject({
    ...editedFileShape,
    content: textProperty.default("").describe("the lines between the markers"),
    marker: z
      .string()
      .regex(/^[^\r\n]*\{mark\}[^\r\n]*$/, 'expected one line with {mark} in it, such as "# {mark} shop"')
      .describe("the line before and after the block; {mark} becomes BEGIN and END"),
    insertAfter: regularExpression
      .optional()
      .describe('where a new block goes: after the last line that this finds, or "end"'),
    insertBefore: regularExpression
      .optional()
      .describe('where a new block goes: before the last line that this finds, or "start"'),
    absent: z.boolean().default(false).describe("true: the block must not be there"),
  })
  .refine(({ insertAfter, insertBefore }) => insertAfter === undefined || insertBefore === undefined, {
    message: "expected insertAfter or insertBefore, not both",
  })
  .refine(
    ({ content, marker }) =>
      typeof content !== "string" || !content.split(/\r?\n/).some((one) => markersOf(marker).includes(one)),
    { message: "the content holds its own marker" },
  );
export type BlockProperties = Omit<z.output<typeof blockSchema>, "content"> & { content: string };

const block: ResourceDefinition<BlockProperties, EditedFile> = {
  type: "block",
  schema: blockSchema,
  plan: planBlock,
  paths: ({ path }) => [path],
};
export default block;

function planBlock(observed: EditedFile, desired: BlockProperties, wanted: Wanted): HostPlan {
  if (wanted === "present" && !desired.absent)
    return planEdit(observed, desired, "content", (text) => setBlock(text, desired));
  if (observed.kind !== "file") return unchanged;
  const plan = planEdit(observed, desired, "content", (text) => removeBlock(text, desired.marker));
  return plan.action === "no-op" ? plan : { ...plan, action: "delete" };
}
