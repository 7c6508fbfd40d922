import { defineRoute, type Route } from "@havn/http";
import {
  HavnError,
  type RunbookProperties,
  runbookRunSchema,
  runbookSchema,
  runbookStepSchema,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import { z } from "zod";
import { htmlAnswer } from "../html.ts";
import { questionPage } from "./page.ts";
import type { Runbooks } from "./runbooks.ts";
import * as store from "./store.ts";
import { readQuestionToken } from "./tokens.ts";

export interface RunbookRoutesOptions {
  sql: Sql;
  runbooks: Runbooks;
  declared(): { environment: string; name: string; properties: RunbookProperties }[];
  answerKey: string;
}

const runParams = z.object({ id: z.string() });
const named = z.object({ environment: z.string(), name: z.string() });
const done = z.object({ done: z.boolean() });
const runWithSteps = z.object({ run: runbookRunSchema, steps: z.array(runbookStepSchema) });

export const runbookRoutes = (options: RunbookRoutesOptions): Route[] => [
  ...readRoutes(options),
  ...changeRoutes(options),
  ...linkRoutes(options),
];

function readRoutes({ sql, declared }: RunbookRoutesOptions): Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/runbooks",
      summary: "Runbooks, what starts them, and how they went last",
      access: { action: "runbook:read" },
      response: z.object({ runbooks: z.array(runbookSchema) }),
      async handle() {
        const all = await Promise.all(
          declared().map(async ({ environment, name, properties }) => ({
            ...{ environment, name, on: properties.on, at: properties.at ?? null, guards: properties.guards },
            description: properties.description ?? null,
            with: properties.with,
            lastRun: (await store.listRuns(sql, { environment, runbook: name, limit: 1 }))[0] ?? null,
          })),
        );
        return { runbooks: all };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/runbook-runs",
      summary: "Runs of runbooks, newest first; held: a guard kept it from starting",
      access: { action: "runbook:read" },
      query: z.strictObject({
        environment: z.string().optional(),
        runbook: z.string().optional(),
        incident: z.coerce.number().int().optional(),
        limit: z.coerce.number().int().min(1).max(500).default(50),
      }),
      response: z.object({ runs: z.array(runbookRunSchema) }),
      handle: async ({ query }) => ({ runs: await store.listRuns(sql, query) }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/runbook-runs/:id",
      summary: "A run, step by step",
      access: { action: "runbook:read", resource: ({ params: { id } }) => id },
      params: runParams,
      response: runWithSteps,
      async handle({ params: { id } }) {
        const run = await store.findRun(sql, id);
        if (!run) throw new HavnError(`There is no run ${id} of a runbook`, { status: 404 });
        const steps = await store.listSteps(sql, id);
        const asked = ({ state, question }: store.StepRow) =>
          state === "waiting" && question
            ? {
                ...{ text: question.text, choices: question.choices, until: question.until },
                people: question.people ?? null,
              }
            : null;
        return { run, steps: steps.map((step) => ({ ...step, question: asked(step) })) };
      },
    }),
  ];
}

function changeRoutes({ runbooks }: RunbookRoutesOptions): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/runbooks/:environment/:name/runs",
      summary: "Starts a runbook; a dry run does nothing and tells what each step would do",
      access: {
        action: "runbook:run",
        resource: ({ params: { environment, name } }) => `${environment}/runbook/${name}`,
      },
      params: named,
      body: z.strictObject({
        dryRun: z.boolean().default(false),
        incident: z.number().int().optional(),
        with: z.record(z.string(), z.json()).optional().describe("in place of what is declared"),
      }),
      response: runbookRunSchema,
      status: 201,
      handle: ({ params, body, identity }) =>
        runbooks.start({ ...params, ...body, startedBy: identity.actor }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/runbook-runs/:id/answer",
      summary: "Answers what a run asks: approve or refuse, one of its choices, or a text",
      access: { action: "runbook:approve", resource: ({ params: { id } }) => id },
      params: runParams,
      body: z.strictObject({ answer: z.string().min(1).max(1000), step: z.string().optional() }),
      response: done,
      async handle({ params: { id }, body, identity }) {
        await runbooks.answer(id, { step: body.step, text: body.answer, by: identity.actor });
        return { done: true };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/runbook-runs/:id/stop",
      summary: "Ends a run: the step that is under way is not undone, and none follows",
      access: { action: "runbook:run", resource: ({ params: { id } }) => id },
      params: runParams,
      response: done,
      handle: async ({ params: { id }, identity }) => ({ done: await runbooks.stop(id, identity.actor) }),
    }),
  ];
}

function linkRoutes({ sql, runbooks, answerKey }: RunbookRoutesOptions): Route[] {
  const params = z.object({ token: z.string().max(2000) });
  const foreign = () => htmlAnswer(questionPage({ kind: "unknown" }), 404);
  const look = async (token: string) => {
    const held = readQuestionToken(token, answerKey);
    const run = held && (await store.findRun(sql, held.run));
    const step = held && (await store.findStep(sql, held.run, held.step));
    return held && run && step
      ? { ...held, row: run, question: step.question, open: step.state === "waiting" }
      : undefined;
  };
  return [
    defineRoute({
      method: "GET",
      path: "/runbook/:token",
      summary: "Shows what a runbook asks; opening it answers nothing",
      access: { public: "whoever was asked holds the link; mail scanners may open it without harm" },
      params,
      response: z.unknown(),
      async handle({ params: { token } }) {
        const found = await look(token);
        if (!found) return foreign();
        const { row, question, open, person } = found;
        if (!open || !question || question.answer !== undefined)
          return htmlAnswer(questionPage({ kind: "over", question: question ?? undefined }));
        const { runbook, startedBy } = row;
        return htmlAnswer(questionPage({ kind: "ask", runbook, startedBy, person, question }));
      },
    }),
    defineRoute({
      method: "POST",
      path: "/runbook/:token",
      summary: "Answers what a runbook asks",
      access: { public: "the token is one person's, for one question, which is answered once" },
      params,
      consumes: "form",
      body: z.object({ answer: z.string().min(1).max(1000) }),
      response: z.unknown(),
      async handle({ params: { token }, body }) {
        const found = await look(token);
        if (!found) return foreign();
        try {
          await runbooks.answer(found.run, {
            step: found.step,
            text: body.answer,
            ...{ by: `user:${found.person}`, person: found.person },
          });
        } catch (error) {
          if (!(error instanceof HavnError) || error.status !== 409) throw error;
          return htmlAnswer(
            questionPage({ kind: "over", question: (await look(token))?.question ?? undefined }),
            409,
          );
        }
        return htmlAnswer(questionPage({ kind: "thanks", answer: body.answer }));
      },
    }),
  ];
}
