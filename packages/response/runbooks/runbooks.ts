import { createHash, randomUUID } from "node:crypto";
import {
  beginsIn,
  type Clock,
  HavnError,
  type Labels,
  parseDuration,
  type RunbookProperties,
  type RunbookRun,
  type Timeline,
} from "@havn/model";
import { type Sql, throughOutages } from "@havn/postgres";
import type { Run, Workflows } from "@havn/workflows";
import { whyNotStarted } from "./guards.ts";
import type { Hands } from "./hands.ts";
import { createPerform } from "./perform.ts";
import { runSession, type SessionEnd } from "./session.ts";
import * as store from "./store.ts";
import { eventOf, titleOf } from "./words.ts";

/** An alert as runbooks see it. */
export interface AlertChange {
  environment: string;
  fingerprint: string;
  state: "pending" | "firing" | "resolved";
  /** When it got into this state: milliseconds since the epoch. */
  since: number;
  /** With alertname, env and severity, as routes match them. */
  labels: Labels;
  summary: string;
  /** Why it is told to nobody now. */
  heldBack?: string | undefined;
  /** Why its host is left alone now. */
  maintenance?: string | undefined;
}

export interface RunbooksOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  workflows: Pick<Workflows, "define">;
  hands: Hands;
  /** Whether labels are what matchers say. Throws a HavnError for one that cannot be read. */
  compileMatchers(texts: readonly string[]): (labels: Labels) => boolean;
  declared(): { environment: string; name: string; properties: RunbookProperties }[];
  /** As whom a person signs in. */
  identityOf(environment: string, person: string): string;
  /** Whom these names stand for now. */
  people(
    environment: string,
    asked: readonly { kind: "person" | "schedule" | "team"; name: string }[],
  ): string[];
  /** Tells a person something over their ways; the same id counts once. */
  tell(request: {
    id: string;
    environment: string;
    person: string;
    subject: string;
    text: string;
    url: string;
  }): Promise<void>;
  /** Where a question is answered. */
  questionUrl(question: { run: string; step: string; person: string }): string;
}

export interface StartRequest {
  environment: string;
  name: string;
  startedBy: string;
  dryRun: boolean;
  incident?: number | undefined;
  /** Takes the place of what is declared under `with`. */
  with?: Record<string, unknown> | undefined;
}

export interface Answer {
  step?: string | undefined;
  text: string;
  by: string;
  /** Whose link it came by; otherwise `by` says who it is. */
  person?: string | undefined;
}

export interface Runbooks {
  /** By a person. Durable when it resolves. */
  start(request: StartRequest): Promise<RunbookRun>;
  /** Starts what this alert starts, each once. */
  alertChanged(alert: AlertChange): Promise<void>;
  /** Goes on with what is open, and starts what the clock starts: to be called again and again. */
  sweep(alerts: readonly AlertChange[]): Promise<void>;
  /** Answers what a run waits for: its only question, or that of `step`. Throws a HavnError where there is none. */
  answer(id: string, answer: Answer): Promise<void>;
  stop(id: string, by: string): Promise<boolean>;
  /** Forgets what ended 90 days ago. */
  prune(): Promise<void>;
  /** The control plane ends: code is let go, and goes on in the next one. */
  close(): void;
}

const keptMs = 90 * 86_400_000;

const sweepMs = 10 * 60_000;

export function createRunbooks(options: RunbooksOptions): Runbooks {
  const { sql, clock, timeline } = options;
  const closing = new AbortController();
  const stopping = new Map<string, AbortController>();
  const sleepers = new Map<string, Set<AbortController>>();
  let lookedAt = clock.now();

  const wake = (run: string) => {
    for (const sleeper of sleepers.get(run) ?? []) sleeper.abort();
  };
  /** Sleeps until then, or until the run has changed. */
  async function sleepUntil(run: string, at: number, look: () => Promise<boolean>): Promise<void> {
    if (closing.signal.aborted || stopping.get(run)?.signal.aborted) return neverEnds();
    const listening = new AbortController();
    const all = sleepers.get(run) ?? new Set();
    all.add(listening);
    sleepers.set(run, all);
    try {
      // Listens before it looks: a change in between is not slept through.
      if (await look()) return;
      await clock.sleep(at - clock.now(), AbortSignal.any([listening.signal, closing.signal]));
    } finally {
      all.delete(listening);
      if (all.size === 0) sleepers.delete(run);
    }
  }

  const flow = options.workflows.define("runbook", async (run, { id }: { id: string }): Promise<void> => {
    const row = await throughOutages(() => store.findRun(sql, id));
    if (!row || row.endedAt !== null) return;
    const stop = stopping.get(id) ?? new AbortController();
    stopping.set(id, stop);
    try {
      const end = await carryOut(run, row, AbortSignal.any([stop.signal, closing.signal]));
      // It goes on in another process.
      if (closing.signal.aborted) return neverEnds();
      if (!stop.signal.aborted) await run.step("end", () => finish(row, end));
    } finally {
      if (!stop.signal.aborted) stopping.delete(id);
    }
  });

  /** Runs the code from its beginning, again and again, until it has come to its end. */
  async function carryOut(run: Run, row: store.RunRow, signal: AbortSignal): Promise<SessionEnd> {
    const { code = "" } = row.properties.steps;
    const trigger = { ...row.trigger, startedBy: row.startedBy, dryRun: row.dryRun };
    const perform = createPerform({ ...options, run, row, sleepUntil });
    for (;;) {
      const seed = createHash("sha256").update(row.id).digest("hex");
      const end = await runSession({ code, seed, at: row.startedAt, trigger, perform, signal });
      if (end.kind !== "parked") return end;
      await Promise.race([end.settled, aborted(signal)]);
    }
  }

  async function finish(row: store.RunRow, end: SessionEnd): Promise<void> {
    const state = end.kind === "ended" ? "succeeded" : end.kind === "refused" ? "refused" : "failed";
    await close(row, { state, error: "error" in end ? end.error : null, by: undefined });
  }

  async function close(
    row: RunbookRun,
    end: {
      state: "succeeded" | "refused" | "failed" | "stopped";
      error: string | null;
      by: string | undefined;
    },
  ): Promise<boolean> {
    const ended = await store.endRun(sql, row.id, { state: end.state, at: clock.now(), error: end.error });
    const why = end.error === null ? "" : `: ${end.error}`;
    await timeline.write({
      ...eventOf(row, "runbook.finished"),
      severity: end.state === "succeeded" ? "info" : "warning",
      summary: `${titleOf(row)} ${end.state === "succeeded" ? "ended well" : end.state === "stopped" ? `was stopped by ${end.by}` : end.state}${why}`,
      data: { run: row.id, incident: row.incident, state: end.state },
      ...(end.by !== undefined && { actor: end.by }),
      key: `runbook:${row.id}:finished`,
    });
    return ended;
  }

  /** Records it, and begins. False where there is one of this id already. */
  async function begin(row: store.RunRow): Promise<boolean> {
    if (!(await store.insertRun(sql, row))) return false;
    const held = row.state === "held";
    await timeline.write({
      ...eventOf(row, held ? "runbook.held" : "runbook.started"),
      severity: held ? "warning" : "info",
      summary: held
        ? `Runbook ${row.runbook} was not started for ${row.startedBy}: ${row.error}`
        : `${titleOf(row)} was started by ${row.startedBy}`,
      data: { run: row.id, incident: row.incident },
      actor: row.startedBy,
      key: `runbook:${row.id}:started`,
    });
    if (!held) await flow.start(`runbook:${row.id}`, { id: row.id });
    return true;
  }

  const rowOf = (
    { environment, name, properties }: { environment: string; name: string; properties: RunbookProperties },
    more: Pick<store.RunRow, "id" | "startedBy" | "dryRun" | "incident" | "trigger">,
  ): store.RunRow => ({
    ...{ environment, runbook: name, properties, state: "running", ...more },
    ...{ startedAt: clock.now(), endedAt: null, error: null },
  });

  /** Starts, or is held by a guard; either way this start counts once. */
  async function startAlone(row: store.RunRow, alert: AlertChange | undefined): Promise<void> {
    if (await store.findRun(sql, row.id)) return;
    const { guards } = row.properties;
    const starts = await store.listOwnStarts(sql, {
      ...{ environment: row.environment, runbook: row.runbook },
      after: row.startedAt - parseDuration(guards.per),
    });
    const why = whyNotStarted({
      ...{ guards, now: row.startedAt, starts: starts.map(({ at }) => at) },
      running: starts.some(({ open }) => open),
      heldBack: alert?.heldBack,
      maintenance: alert?.maintenance,
    });
    await begin(why === undefined ? row : { ...row, state: "held", endedAt: row.startedAt, error: why });
  }

  async function alertChanged(alert: AlertChange): Promise<void> {
    for (const one of options.declared()) {
      if (one.environment !== alert.environment) continue;
      const starts = one.properties.on.some(
        ({ match, state }) => state === alert.state && options.compileMatchers(match)(alert.labels),
      );
      if (!starts) continue;
      const { fingerprint, state, since, labels, summary } = alert;
      const id = idOf([one.environment, one.name, fingerprint, state, since]);
      await startAlone(
        rowOf(one, {
          ...{ id, startedBy: `alert:${labels.alertname ?? fingerprint}`, dryRun: false, incident: null },
          trigger: { with: one.properties.with, alert: { labels: { ...labels }, summary, state } },
        }),
        alert,
      );
    }
  }

  async function startScheduled(): Promise<void> {
    const now = clock.now();
    // What would have begun while nobody looked is not made up for, but for a few minutes.
    const from = Math.max(lookedAt, now - sweepMs);
    for (const one of options.declared()) {
      const { at } = one.properties;
      if (!at) continue;
      for (let minute = Math.floor(from / 60_000); minute <= Math.floor(now / 60_000); minute++)
        if (beginsIn(minute * 60_000, at))
          await startAlone(
            rowOf(one, {
              ...{ id: idOf([one.environment, one.name, minute]), startedBy: "schedule", dryRun: false },
              ...{ incident: null, trigger: { with: one.properties.with } },
            }),
            undefined,
          );
    }
    lookedAt = now;
  }

  return {
    async start({ environment, name, startedBy, dryRun, incident, with: input }) {
      const one = options
        .declared()
        .find((found) => found.environment === environment && found.name === name);
      if (!one)
        throw new HavnError(`There is no runbook ${name} in ${environment}`, {
          detail: "`havn runbook list` shows what there is.",
          status: 404,
        });
      const row = rowOf(one, {
        ...{ id: randomUUID(), startedBy, dryRun, incident: incident ?? null },
        trigger: { with: { ...one.properties.with, ...input } },
      });
      await begin(row);
      const { properties: _, trigger: __, ...told } = row;
      return told;
    },
    alertChanged,
    async sweep(alerts) {
      for (const id of await store.listOpenRuns(sql)) await flow.start(`runbook:${id}`, { id });
      for (const alert of alerts) await alertChanged(alert);
      await startScheduled();
    },
    async answer(id, { step, text, by, person }) {
      const { row, name } = await sql.begin(async (transaction) => {
        const row = await store.findRun(transaction, id);
        if (!row) throw noRun(id);
        const open = (await store.listSteps(transaction, id)).filter(
          ({ state, question }) => state === "waiting" && question && question.answer === undefined,
        );
        const asked =
          step === undefined && open.length === 1 ? open[0] : open.find((one) => one.name === step);
        const found = asked && (await store.findStep(transaction, id, asked.name));
        if (!found?.question || found.question.answer !== undefined || found.state !== "waiting")
          throw new HavnError(`Run ${id} of ${row.runbook} does not wait for this answer`, {
            detail: open.length > 1 ? `Name the step: ${open.map((one) => one.name).join(", ")}.` : "",
            status: 409,
          });
        const { choices, people } = found.question;
        const may = people?.some(
          (one) =>
            one === person || (person === undefined && options.identityOf(row.environment, one) === by),
        );
        if (may === false)
          throw new HavnError(`${by} is not one of those who are asked`, {
            ...{ status: 403, detail: `Only these may answer: ${people?.join(", ") || "nobody"}.` },
          });
        if (choices.length > 0 && !choices.includes(text))
          throw new HavnError(`"${text}" is none of the answers`, {
            detail: `Answer with ${choices.join(" or ")}.`,
            status: 400,
          });
        const answered = { ...found.question, answer: text, by, answeredAt: clock.now() };
        await store.answerStep(transaction, id, found.name, answered);
        return { row, name: found.name };
      });
      wake(id);
      await timeline.write({
        ...eventOf(row, "runbook.answered"),
        summary: `${by} answered ${titleOf(row)}: ${text}`,
        data: { run: id, incident: row.incident, step: name, answer: text },
        actor: by,
        key: `runbook:${id}:${name}:answered`,
      });
    },
    close: () => closing.abort(),
    async prune() {
      await store.deleteRuns(sql, clock.now() - keptMs);
    },
    async stop(id, by) {
      const row = await store.findRun(sql, id);
      if (!row) throw noRun(id);
      const stopped = await close(row, { state: "stopped", error: null, by });
      stopping.get(id)?.abort();
      wake(id);
      return stopped;
    },
  };
}

/** What an ending control plane was doing is neither done nor failed. */
const neverEnds = () => new Promise<never>(() => {});

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

const idOf = (parts: readonly unknown[]) =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);

const noRun = (id: string) =>
  new HavnError(`There is no run ${id} of a runbook`, {
    detail: "`havn runbook runs` lists them.",
    status: 404,
  });
