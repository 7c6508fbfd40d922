import { runbookRunSchema, runbookSchema, runbookStepSchema } from "@havn/model";
import { z } from "zod";

export const runbooksAnswer = z.object({ runbooks: z.array(runbookSchema) });
export const runbookRunsAnswer = z.object({ runs: z.array(runbookRunSchema) });
export const runbookRunAnswer = z.object({ run: runbookRunSchema, steps: z.array(runbookStepSchema) });
export type RunbookRunAnswer = z.infer<typeof runbookRunAnswer>;
