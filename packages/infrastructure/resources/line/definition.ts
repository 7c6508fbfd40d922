import { z } from "zod";
import { type EditedFile, editedFileShape, planEdit, planText, regularExpression } from "../edited-file.ts";
import { textProperty } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";
import { removeLines, setOneLine } from "./edit.ts";

const oneLine = textProperty.refine((line) => typeof line !== "string" || !/[\r\n]/.test(line), {
  message: "expected one line; use a block for several",
});

export const lineSchema = z
  .strictObject({
    ...editedFileShape,
    line: oneLine.default("").describe("the line as it shall stand there"),
    regexp: regularExpression
      .optional()
      .describe("the line that it replaces; it should find the new line too"),
    insertAfter: regularExpression
      .optional()
      .describe('where a new line goes: after the last line that this finds, or "end"'),
    insertBefore: regularExpression
      .optional()
      .describe('where a new line goes: before the last line that this finds, or "start"'),
    first: z.boolean().default(false).describe("true: the first line that is found counts, not the last"),
    backReferences: z
      .boolean()
      .default(false)
      .describe(
        "true: $1 in the line is what the first group found, and a line is only replaced, never added",
      ),
    absent: z
      .boolean()
      .default(false)
      .describe("true: no line that regexp finds, or that equals line, may be there"),
  })
  .refine(({ insertAfter, insertBefore }) => insertAfter === undefined || insertBefore === undefined, {
    message: "expected insertAfter or insertBefore, not both",
  })
  .refine(({ backReferences, regexp }) => !backReferences || regexp !== undefined, {
    message: "backReferences needs a regexp",
  })
  .refine(({ absent, line, regexp }) => (absent ? line !== "" || regexp !== undefined : true), {
    message: "absent needs a line or a regexp",
  });
export type LineProperties = Omit<z.output<typeof lineSchema>, "line"> & { line: string };

/** `before`: the line that Havn replaced, null where it put a new one in; undefined where it changed nothing. */
export interface LineObserved {
  file: EditedFile;
  before?: { line: string | null } | undefined;
  /** What stands now where the line goes: remembered at the first change. */
  current?: { line: string | null } | undefined;
}

const line: ResourceDefinition<LineProperties, LineObserved> = {
  type: "line",
  schema: lineSchema,
  plan: planLine,
  before: ({ current }) => current,
  paths: ({ path }) => [path],
};
export default line;

function planLine({ file, before }: LineObserved, desired: LineProperties, wanted: Wanted): HostPlan {
  if (wanted === "absent") return planRemoval(file, desired, before);
  if (desired.absent) {
    if (file.kind === "absent") return unchanged;
    return planEdit(file, desired, "line", (text) => removeLines(text, desired));
  }
  return planEdit(file, desired, "line", (text) => setOneLine(text, desired));
}

/** What was replaced stands again, what was put in goes; where Havn changed nothing, nothing changes. */
function planRemoval(file: EditedFile, desired: LineProperties, before: LineObserved["before"]): HostPlan {
  if (file.kind !== "file" || before === undefined || desired.absent || desired.backReferences)
    return unchanged;
  const own = { line: desired.line };
  const after =
    before.line === null
      ? removeLines(file.content, own)
      : file.content
          .split(/(?<=\n)/)
          .map((one) =>
            one.replace(/\r?\n$/, "") === own.line ? one.replace(own.line, () => before.line ?? "") : one,
          )
          .join("");
  const plan = planText(file, { ...desired, after, shownAs: "line" });
  return plan.action === "no-op" ? plan : { ...plan, action: "delete" };
}
