import { createHash } from "node:crypto";
import { HavnError, storable } from "@havn/model";
import { isOutage, throughOutages } from "@havn/postgres";
import type { Run } from "@havn/workflows";
import { type Act, act, type Done } from "./act.ts";
import { kindOf, type StepRequest } from "./protocol.ts";
import type { RunbooksOptions } from "./runbooks.ts";
import type { StepResult, StepWork } from "./session.ts";
import * as store from "./store.ts";
import { beginningOf, endOf, type WaitRequest } from "./waits.ts";
import { eventOf, titleOf } from "./words.ts";

export interface PerformOptions
  extends Pick<RunbooksOptions, "sql" | "clock" | "timeline" | "hands" | "people" | "tell" | "questionUrl"> {
  run: Run;
  row: store.RunRow;
  /** Sleeps until then, or until the run has changed; not at all where `look` says that it is over already. */
  sleepUntil(run: string, at: number, look: () => Promise<boolean>): Promise<void>;
}

/** What is recorded of a step: a second run of the code is given the same, as long as it asks for the same. */
interface Recorded {
  digest: string;
  result: StepResult;
  touched: string[];
}

/** Does the steps that a runbook's code asks for, each recorded under its name. */
export function createPerform(options: PerformOptions): (name: string, request: StepRequest) => StepWork {
  const { clock, run, row } = options;
  const touched = new Set<string>();

  async function recorded(name: string, request: StepRequest, work: () => Promise<Recorded>) {
    const found = await run.step(name, work);
    for (const host of found.touched) touched.add(host);
    if (found.digest === digestOf(request)) return found.result;
    const error = `step "${name}" is another one than before: between steps, code may only compute`;
    return { at: clock.now(), error };
  }

  async function perform(name: string, request: StepRequest): Promise<StepResult> {
    try {
      switch (request.kind) {
        case "ask":
        case "approve":
        case "wait":
          return await recorded(name, request, () => wait(options, name, request));
        case "note":
          return await recorded(name, request, () => note(options, name, request.text));
        default:
          return await recorded(name, request, () => once(options, name, { request, touched }));
      }
    } catch (error) {
      return { at: clock.now(), error: error instanceof Error ? error.message : String(error) };
    }
  }

  return (name, request) => ({
    waits: (request.kind === "wait" || request.kind === "ask" || request.kind === "approve") && !row.dryRun,
    result: perform(name, request),
  });
}

const digestOf = (request: StepRequest) =>
  createHash("sha256").update(JSON.stringify(request)).digest("hex").slice(0, 16);

async function once(
  options: PerformOptions,
  name: string,
  { request, touched }: { request: Act; touched: ReadonlySet<string> },
): Promise<Recorded> {
  const { sql, clock, row, hands } = options;
  const step = { name, kind: kindOf(request), detail: detailOf(request), question: null };
  const begunAt = await store.beginStep(sql, row.id, { ...step, state: "running", startedAt: clock.now() });
  let done: { error: string } | (Done & { error?: undefined });
  try {
    const { id, environment, runbook, dryRun, properties } = row;
    const context = { run: id, environment, runbook, step: name, dryRun, begunAt, touched, hands };
    done = await act(request, { ...context, mostHosts: properties.guards.hosts });
  } catch (error) {
    // Not the step's own: it is tried again when the database is back.
    if (isOutage(error)) throw error;
    done = { error: messageOf(error) };
  }
  const failed = done.error !== undefined;
  await end(options, name, { failed, outcome: done.error ?? done.outcome });
  const [digest, at] = [digestOf(request), clock.now()];
  return done.error !== undefined
    ? { digest, result: { at, error: done.error }, touched: [] }
    : { digest, result: { at, value: done.value }, touched: done.touched };
}

async function note(options: PerformOptions, name: string, text: string): Promise<Recorded> {
  const { sql, clock, row } = options;
  const step = { name, kind: "note" as const, detail: text, question: null };
  await store.beginStep(sql, row.id, { ...step, state: "running", startedAt: clock.now() });
  await end(options, name, { failed: false, outcome: text });
  return { digest: digestOf({ kind: "note", text }), result: { at: clock.now(), value: null }, touched: [] };
}

async function wait(options: PerformOptions, name: string, request: WaitRequest): Promise<Recorded> {
  const { sql, clock, row, run } = options;
  const digest = digestOf(request);
  const result = (value: unknown): Recorded => ({ digest, result: { at: clock.now(), value }, touched: [] });
  if (row.dryRun) return result(await pretend(options, name, request));
  const { until } = await run.step(`${name}: begin`, () => ask(options, name, request));
  const look = () =>
    throughOutages(async () => {
      const question = (await store.findStep(sql, row.id, name))?.question ?? null;
      return endOf(request, { until, question, now: clock.now() });
    });
  let outcome = await look();
  while (outcome.kind === "goes on") {
    await options.sleepUntil(row.id, until, async () => (await look()).kind !== "goes on");
    outcome = await look();
  }
  await end(options, name, { failed: outcome.kind === "failed", outcome: outcome.outcome });
  await store.setRunState(sql, row.id, "running");
  if (outcome.kind === "ended") return result(outcome.value);
  return {
    digest,
    result: { at: clock.now(), error: outcome.outcome, refused: outcome.refused },
    touched: [],
  };
}

/** The question is there before anyone hears of it. */
async function ask(options: PerformOptions, name: string, request: WaitRequest): Promise<{ until: number }> {
  const { sql, clock, timeline, row } = options;
  const named =
    request.kind === "wait" || request.of.length === 0
      ? undefined
      : options.people(row.environment, request.of);
  const { until, question } = beginningOf(request, { now: clock.now(), people: named });
  const step = { name, kind: request.kind, detail: detailOf(request), question, startedAt: clock.now() };
  await store.beginStep(sql, row.id, { ...step, state: "waiting" });
  if (!question || request.kind === "wait") return { until };
  await store.setRunState(sql, row.id, "waiting");
  const people = named ?? [];
  await timeline.write({
    ...eventOf(row, "runbook.asked"),
    summary: `${titleOf(row)} asks ${named ? people.join(", ") || "nobody: none of those who are named is declared any more" : "whoever may answer"}: ${question.text}`,
    data: { run: row.id, incident: row.incident, step: name, people },
    key: `runbook:${row.id}:${name}:asked`,
  });
  for (const person of people)
    await options.tell({
      ...{ id: `${row.id}:${name}:${person}`, environment: row.environment, person },
      subject: `${row.runbook} asks: ${question.text}`,
      text: `${titleOf(row)}, started by ${row.startedBy}, waits for an answer${question.choices.length > 0 ? `: ${question.choices.join(" or ")}` : ""}.`,
      url: options.questionUrl({ run: row.id, step: name, person }),
    });
  return { until };
}

/** What a person would say who lets things go on. */
async function pretend(options: PerformOptions, name: string, request: WaitRequest): Promise<unknown> {
  const { sql, clock, row } = options;
  const step = { name, kind: request.kind, detail: detailOf(request), question: null };
  await store.beginStep(sql, row.id, { ...step, state: "running", startedAt: clock.now() });
  const answer = request.kind === "ask" ? (request.choices[0] ?? "") : "";
  const outcome =
    request.kind === "wait"
      ? `would wait ${request.duration}`
      : request.kind === "ask"
        ? `would ask: ${request.question}${answer === "" ? "" : ` (goes on with ${answer})`}`
        : `would wait for approval: ${request.question}`;
  await end(options, name, { failed: false, outcome });
  return request.kind === "ask" ? answer : request.kind === "approve" ? { by: "dry run" } : null;
}

async function end(
  { sql, clock, timeline, row }: PerformOptions,
  name: string,
  { failed, outcome: told }: { failed: boolean; outcome: string },
): Promise<void> {
  // What commands print may hold NULs.
  const outcome = storable(told);
  const state = failed ? "failed" : "succeeded";
  await store.endStep(sql, row.id, name, {
    state,
    at: clock.now(),
    outcome: outcome.slice(0, 2000).toWellFormed(),
  });
  await timeline.write({
    ...eventOf(row, "runbook.step"),
    severity: failed ? "warning" : "info",
    summary: `${titleOf(row)}: ${name}: ${outcome}`.slice(0, 500).toWellFormed(),
    data: { run: row.id, incident: row.incident, step: name, state },
    key: `runbook:${row.id}:${name}:ended`,
  });
}

function detailOf(request: StepRequest): string {
  switch (request.kind) {
    case "run":
      return `${request.command.join(" ")} on ${request.on}`;
    case "query":
      return request.expr;
    case "ask":
    case "approve":
      return request.question;
    case "wait":
      return request.duration;
    case "restart":
      return `service ${request.service}${request.on === undefined ? "" : ` on ${request.on}`}`;
    case "restart-unit":
      return `unit ${request.unit} on ${request.on}`;
    case "rollback":
      return `service ${request.service}`;
    case "scale":
      return `service ${request.service} to ${request.to} hosts`;
    case "note":
      return request.text;
  }
}

const messageOf = (error: unknown): string => {
  if (error instanceof HavnError)
    return [error.message, error.detail].filter((text) => text !== "").join(". ");
  return error instanceof Error ? error.message : String(error);
};
