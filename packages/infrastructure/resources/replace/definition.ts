import { z } from "zod";
import { type EditedFile, editedFileShape, planEdit, regularExpression } from "../edited-file.ts";
import { textProperty } from "../text.ts";
import { type HostPlan, type ResourceDefinition, unchanged, type Wanted } from "../type.ts";
import { replaceAll } from "./edit.ts";

export const replaceSchema = z.strictObject({
  path: editedFileShape.path,
  validate: editedFileShape.validate,
  regexp: regularExpression.describe("every place that it finds is replaced; ^ and $ are ends of lines"),
  replacement: textProperty
    .default("")
    .describe("what stands there instead; $1 is what the first group found, $$ a dollar"),
  after: regularExpression.optional().describe("only behind the first place that this finds"),
  before: regularExpression.optional().describe("only before the first place that this finds"),
});
export type ReplaceProperties = Omit<z.output<typeof replaceSchema>, "replacement"> & { replacement: string };

const replace: ResourceDefinition<ReplaceProperties, EditedFile> = {
  type: "replace",
  schema: replaceSchema,
  plan: planReplace,
  paths: ({ path }) => [path],
};
export default replace;

/** One that is no longer declared leaves the file as it is: nobody can tell what stood there before. */
function planReplace(observed: EditedFile, desired: ReplaceProperties, wanted: Wanted): HostPlan {
  if (wanted === "absent") return unchanged;
  return planEdit(observed, { ...desired, create: false }, "replacement", (text) =>
    replaceAll(text, desired),
  );
}
