import type { RunbookRun } from "@havn/model";
import { useFormats, useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import type { IncidentDetail } from "../../kit/respond-api.ts";
import { pathTo } from "../../kit/router.ts";
import { ActOutcome, useAct } from "../../respond/act.tsx";
import { IncidentState, spanText } from "../../respond/incident-parts.tsx";
import { AskedList } from "../../respond/paging.tsx";
import { SeverityBadge } from "../../respond/parts.tsx";
import { RunList } from "../../respond/runs.tsx";
import { EventList } from "../../ui/events.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Panel } from "../../ui/parts.tsx";
import { Actions } from "./actions.tsx";
import { Buttons } from "./buttons.tsx";
import { Places } from "./links.tsx";
import { PostmortemPanel } from "./postmortem.tsx";
import { Roles } from "./roles.tsx";
import { Say } from "./say.tsx";
import { Suspects } from "./suspects.tsx";

export interface IncidentData {
  detail: IncidentDetail;
  people: string[];
  runs: RunbookRun[];
}

export const page = definePage({
  path: "/environments/:environment/incidents/:incident",
  title: (messages, { incident }) => messages.respond.incident(Number(incident)),
  async load({ api, params: { environment, incident }, signal }): Promise<IncidentData> {
    const [detail, { schedules }, { runs }] = await Promise.all([
      api.incident(incident, signal),
      api.onCall(signal),
      api.runbookRuns({ environment, incident: Number(incident) }, signal),
    ]);
    const here = schedules.filter((one) => one.environment === environment);
    const people = new Set([
      ...here.flatMap(({ now, next }) => [now.person, ...(next ? [next.person] : [])]),
      ...detail.attempts.flatMap(({ person }) => person ?? []),
      ...Object.values(detail.incident.roles),
    ]);
    return { detail, runs, people: [...people].sort() };
  },
  live: ({ environment }) => [topics.happened<IncidentData>(environment, /./)],
  view: ({ data: { detail, people, runs }, params: { environment }, reload }) => {
    const messages = useMessages();
    const act = useAct();
    const { incident } = detail;
    const newest = detail.timeline.toReversed();
    return (
      <>
        <nav class="crumbs">
          <a href={pathTo("/environments/:environment/incidents", { environment })}>
            {messages.incidents.title}
          </a>
          <Icon name="chevron" size={12} />
          <span>{incident.id}</span>
        </nav>
        <header class="page-head alert-head">
          <h1 lang="en">{incident.title}</h1>
          <div class="alert-facts">
            <SeverityBadge severity={incident.severity} />
            <IncidentState incident={incident} />
          </div>
          <Buttons {...{ incident, act, reload }} />
        </header>
        <ActOutcome act={act} />
        <Steps incident={incident} />
        <div class="incident-columns">
          <div class="stack">
            <Say {...{ detail, reload }} />
            <Panel title={messages.incidents.timeline} flush>
              {newest.length === 0 ? (
                <p class="note">{messages.incidents.nothingYet}</p>
              ) : (
                <EventList events={newest} label={messages.timeline.label} />
              )}
            </Panel>
            <PostmortemPanel incident={incident} />
          </div>
          <div class="stack">
            <Suspects {...{ detail, environment }} />
            <Panel title={messages.respond.told}>
              {detail.attempts.length + detail.pages.length === 0 ? (
                <p class="muted">{messages.respond.nobodyPaged}</p>
              ) : (
                <AskedList asked={detail.attempts} pages={detail.pages} />
              )}
            </Panel>
            {runs.length > 0 && (
              <Panel title={messages.runbooks.runs}>
                <RunList runs={runs} />
              </Panel>
            )}
            <Roles {...{ incident, people, act, reload }} />
            <Places {...{ detail, environment }} />
            <Actions {...{ detail, people, reload }} />
          </div>
        </div>
      </>
    );
  },
});

/** How long it took from one to the next. */
function Steps({ incident }: { incident: IncidentDetail["incident"] }) {
  const { steps } = useMessages().incidents;
  const formats = useFormats();
  const { openedAt, troubleAt, acknowledgedAt, mitigatedAt, resolvedAt } = incident;
  const all = [
    ["trouble", troubleAt],
    ["opened", openedAt],
    ["acknowledged", acknowledgedAt],
    ["mitigated", mitigatedAt],
    ["resolved", resolvedAt],
  ] as const;
  return (
    <ol class="incident-steps">
      {all.map(([name, at]) => (
        <li key={name} class={at === null ? "to-come" : "done"}>
          <span>{steps[name]}</span>
          {at === null ? (
            <b>–</b>
          ) : (
            <b title={formats.dateTime(at)}>
              {name === "opened" || name === "trouble" ? formats.time(at) : `+ ${spanText(at - openedAt)}`}
            </b>
          )}
        </li>
      ))}
    </ol>
  );
}
