import type { Runbook, RunbookRun } from "@havn/model";
import { useState } from "preact/hooks";
import { useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { pathTo } from "../../kit/router.ts";
import { useMay } from "../../respond/act.tsx";
import { Badge } from "../../respond/parts.tsx";
import { RunState } from "../../respond/run-state.tsx";
import { RunList } from "../../respond/runs.tsx";
import { setSearch } from "../../respond/search.ts";
import { Icon } from "../../ui/icon.tsx";
import { Ago, Panel } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { StartDialog } from "./start.tsx";

interface RunbooksData {
  runbooks: Runbook[];
  runs: RunbookRun[];
}

export const page = definePage({
  path: "/environments/:environment/runbooks",
  nav: {
    ...{ label: "runbooks", icon: "runbook", order: 22, key: "r", group: "respond" },
    covers: ["/environments/:environment/runbooks", "/environments/:environment/runbook-runs"],
  },
  title: (messages, { environment }) => `${messages.runbooks.title} · ${environment}`,
  async load({ api, params: { environment }, signal }): Promise<RunbooksData> {
    const [{ runbooks }, { runs }] = await Promise.all([
      api.runbooks(signal),
      api.runbookRuns({ environment, limit: 50 }, signal),
    ]);
    return { runbooks: runbooks.filter((one) => one.environment === environment), runs };
  },
  live: ({ environment }) => [topics.happened<RunbooksData>(environment, /^runbook\./)],
  view: ({ data: { runbooks, runs }, query }) => {
    const messages = useMessages().runbooks;
    const [starting, setStarting] = useState<Runbook>();
    const text = (query.get("q") ?? "").toLowerCase();
    const shown = runbooks.filter((one) =>
      `${one.name} ${one.description ?? ""}`.toLowerCase().includes(text),
    );
    return (
      <>
        <header class="page-head">
          <h1>{messages.title}</h1>
          {runbooks.length > 0 && (
            <search class="filter-bar push">
              <input
                type="search"
                data-filter
                aria-label={messages.filter}
                placeholder={messages.filter}
                value={query.get("q") ?? ""}
                onInput={(event) => setSearch(query, { q: event.currentTarget.value })}
              />
            </search>
          )}
        </header>
        {runbooks.length === 0 ? (
          <EmptyState icon="runbook" title={messages.none} detail={messages.noneDetail} />
        ) : (
          <ul class="runbooks">
            {shown.map((runbook) => (
              <RunbookCard key={runbook.name} runbook={runbook} start={() => setStarting(runbook)} />
            ))}
          </ul>
        )}
        {runs.length > 0 && (
          <Panel title={messages.runs}>
            <RunList runs={runs} />
          </Panel>
        )}
        {starting && <StartDialog runbook={starting} close={() => setStarting(undefined)} />}
      </>
    );
  },
});

function RunbookCard({ runbook, start }: { runbook: Runbook; start(): void }) {
  const messages = useMessages().runbooks;
  const { may, why } = useMay();
  const { name, description, on, at, guards, lastRun } = runbook;
  return (
    <li class="panel runbook">
      <header>
        <h2>{name}</h2>
        <button type="button" class="button small" disabled={!may} title={why} onClick={start}>
          <Icon name="play" size={13} /> {messages.start}
        </button>
      </header>
      {description !== null && <p>{description}</p>}
      <dl class="facts">
        <dt>{messages.startedBy}</dt>
        <dd class="triggers">
          {on.map(({ match, state }) => (
            <span key={match.join()}>
              <Badge tone="warn">{messages.onAlert[state as keyof typeof messages.onAlert] ?? state}</Badge>{" "}
              <code>{match.join(", ")}</code>
            </span>
          ))}
          {at && (
            <span>
              <Badge tone="info" icon="calendar">
                {messages.onClock}
              </Badge>{" "}
              <code>{at.schedule}</code> {at.zone}
            </span>
          )}
          {on.length === 0 && !at && <span>{messages.byHand}</span>}
        </dd>
        <dt>{messages.guards}</dt>
        <dd>
          {messages.guardRuns(guards.runs, guards.per)} · {messages.guardHosts(guards.hosts)}
          {guards.duringMaintenance && ` · ${messages.guardMaintenance}`}
        </dd>
        <dt>{messages.last}</dt>
        <dd>
          {lastRun ? (
            <>
              <RunState run={lastRun} />{" "}
              <a
                href={pathTo("/environments/:environment/runbook-runs/:run", { ...lastRun, run: lastRun.id })}
              >
                <Ago at={lastRun.startedAt} />
              </a>
            </>
          ) : (
            messages.never
          )}
        </dd>
      </dl>
    </li>
  );
}
