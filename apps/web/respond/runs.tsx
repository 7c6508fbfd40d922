import type { RunbookRun } from "@havn/model";
import { useMessages } from "../kit/context.ts";
import { pathTo } from "../kit/router.ts";
import { Ago } from "../ui/parts.tsx";
import { spanText } from "./incident-parts.tsx";
import { nameOf } from "./parts.tsx";
import { RunState } from "./run-state.tsx";

/** Runs, newest first; those that a guard held back say why. */
export function RunList({ runs }: { runs: readonly RunbookRun[] }) {
  const messages = useMessages().runbooks;
  return (
    <ul class="run-list" aria-label={messages.runs}>
      {runs.map((run) => (
        <li key={run.id}>
          <a href={pathTo("/environments/:environment/runbook-runs/:run", { ...run, run: run.id })}>
            {run.runbook}
          </a>
          <RunState run={run} />
          <span class="muted">{nameOf(run.startedBy)}</span>
          <span class="muted push">
            <Ago at={run.startedAt} />
            {run.endedAt !== null && ` · ${spanText(run.endedAt - run.startedAt)}`}
          </span>
          {run.error !== null && <p class="muted">{run.error}</p>}
        </li>
      ))}
    </ul>
  );
}
