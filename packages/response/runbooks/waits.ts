import { parseDuration } from "@havn/model";
import type { StepRequest } from "./protocol.ts";
import type { Question } from "./store.ts";

export type WaitRequest = Extract<StepRequest, { kind: "ask" | "approve" | "wait" }>;

/** What a step that waits begins with. Times in milliseconds since the epoch. */
export function beginningOf(
  request: WaitRequest,
  { now, people }: { now: number; people: string[] | undefined },
): { until: number; question: Question | null } {
  if (request.kind === "wait") return { until: now + parseDuration(request.duration), question: null };
  const until = now + parseDuration(request.timeout ?? "1h");
  const choices = request.kind === "approve" ? ["approve", "refuse"] : request.choices;
  return { until, question: { text: request.question, choices, until, ...(people && { people }) } };
}

export type WaitEnd =
  | { kind: "goes on" }
  | { kind: "ended"; outcome: string; value: unknown }
  | { kind: "failed"; outcome: string; refused: boolean };

/** Whether a wait is over, and what came of it. */
export function endOf(
  request: WaitRequest,
  { until, question, now }: { until: number; question: Question | null; now: number },
): WaitEnd {
  if (question?.answer !== undefined) {
    const by = question.by ?? "";
    if (request.kind !== "approve")
      return { kind: "ended", outcome: `${by}: ${question.answer}`, value: question.answer };
    return question.answer === "approve"
      ? { kind: "ended", outcome: `${by} approved it`, value: { by } }
      : { kind: "failed", outcome: `${by} refused: ${question.text}`, refused: true };
  }
  if (now < until) return { kind: "goes on" };
  if (request.kind === "wait") return { kind: "ended", outcome: "the time is over", value: null };
  return {
    kind: "failed",
    outcome: `nobody answered in time: ${request.question}`,
    refused: request.kind === "approve",
  };
}
