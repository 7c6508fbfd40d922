import { checkResult, checkView } from "@havn/model";
import { z } from "zod";

export const checksAnswer = z.object({ checks: z.array(checkView) });
export const checkRunAnswer = z.object({ result: checkResult });
export const checkExplanation = z.object({
  view: checkView,
  properties: z.record(z.string(), z.unknown()),
  dependsOn: z.array(z.string()),
  heartbeat: z.string().optional(),
});
export type CheckExplanation = z.infer<typeof checkExplanation>;
