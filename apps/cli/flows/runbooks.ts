import { HavnError, type RunbookRun, systemClock } from "@havn/model";
import type { Api } from "../api/client.ts";
import { type RunbookRunAnswer, runbookRunAnswer, runbookRunsAnswer } from "../api/runbooks.ts";

/** A run by the beginning of its id, as lists show it. */
export async function findRunbookRun(api: Api, id: string, signal: AbortSignal): Promise<RunbookRun> {
  const { runs } = await api.get("/api/v1/runbook-runs", runbookRunsAnswer, {
    query: { limit: 500 },
    signal,
  });
  const found = runs.filter((run) => run.id.startsWith(id));
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new HavnError(
    found.length > 1 ? `Several runs begin with ${id}` : `There is no run ${id} of a runbook`,
    { detail: "`havn runbook runs` lists them.", status: 404 },
  );
}

/** Tells each step as it ends or asks, until the run has ended or waits for a person. */
export async function followRunbookRun(
  api: Api,
  id: string,
  { signal, onStep }: { signal: AbortSignal; onStep(step: RunbookRunAnswer["steps"][number]): void },
): Promise<RunbookRunAnswer> {
  const told = new Set<string>();
  for (;;) {
    const answer = await api.get(`/api/v1/runbook-runs/${encodeURIComponent(id)}`, runbookRunAnswer, {
      signal,
    });
    for (const step of answer.steps) {
      const key = `${step.name} ${step.state}`;
      if (step.state === "running" || told.has(key)) continue;
      told.add(key);
      onStep(step);
    }
    if (answer.run.endedAt !== null || answer.run.state === "waiting") return answer;
    await systemClock.sleep(300, signal);
    signal.throwIfAborted();
  }
}
