import type { IncidentMetrics } from "@havn/model";
import { useFormats, useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { spanText } from "../../respond/incident-parts.tsx";
import { IncidentTabs } from "../../respond/incident-tabs.tsx";
import { Person, Segments } from "../../respond/parts.tsx";
import { setSearch } from "../../respond/search.ts";
import { Panel } from "../../ui/parts.tsx";

const spans = ["7", "30", "90", "365"] as const;
const spanOf = (query: URLSearchParams) => spans.find((one) => one === query.get("days")) ?? "30";
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const dayMs = 86_400_000;

export const page = definePage({
  path: "/environments/:environment/incident-figures",
  title: (messages, { environment }) => `${messages.incidents.figures} · ${environment}`,
  load: ({ api, params: { environment }, query, signal }): Promise<IncidentMetrics> =>
    api.incidentMetrics(
      { environment, zone, from: Math.round(Date.now() - Number(spanOf(query)) * dayMs) },
      signal,
    ),
  live: ({ environment }) => [topics.happened<IncidentMetrics>(environment, /^(incident|page)\./)],
  view: ({ data, params: { environment }, query }) => {
    const messages = useMessages().incidents;
    return (
      <>
        <header class="page-head">
          <h1>{messages.title}</h1>
          <IncidentTabs environment={environment} current="figures" />
          <div class="push">
            <Segments
              label={messages.span}
              value={spanOf(query)}
              options={spans.map((value) => ({ value, text: messages.days(Number(value)) }))}
              choose={(days) => setSearch(query, { days: days === "30" ? undefined : days })}
            />
          </div>
        </header>
        <div class="tiles">
          <div class="panel tile">
            <b>{data.incidents}</b>
            <span>{messages.howMany}</span>
          </div>
          {(["detect", "acknowledge", "mitigate", "resolve"] as const).map((name) => (
            <div key={name} class="panel tile">
              <b>{data[name].median === null ? "–" : spanText(data[name].median)}</b>
              <span>{messages.times[name]}</span>
              <small class="muted">
                {data[name].worst === null ? messages.notYet : messages.worst(spanText(data[name].worst))}
              </small>
            </div>
          ))}
        </div>
        <div class="columns even">
          <People people={data.people} />
          <Noisy rules={data.rules} />
        </div>
      </>
    );
  },
});

function People({ people }: { people: IncidentMetrics["people"] }) {
  const messages = useMessages().incidents;
  const formats = useFormats();
  return (
    <Panel title={messages.pagesPerPerson} flush>
      {people.length === 0 ? (
        <p class="note">{messages.nobodyAsked}</p>
      ) : (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{messages.person}</th>
                <th scope="col" class="number">
                  {messages.perWeek}
                </th>
                <th scope="col" class="number">
                  {messages.atNight}
                </th>
                <th scope="col" class="number">
                  {messages.inAll}
                </th>
              </tr>
            </thead>
            <tbody>
              {people.map(({ person, pages, perWeek, atNight }) => (
                <tr key={person}>
                  <td>
                    <Person name={person} />
                  </td>
                  <td class="number">{formats.number(perWeek)}</td>
                  <td class={atNight > 0 ? "number warn" : "number"}>{atNight}</td>
                  <td class="number">{pages}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Noisy({ rules }: { rules: IncidentMetrics["rules"] }) {
  const messages = useMessages().incidents;
  return (
    <Panel title={messages.noisy} flush>
      {rules.length === 0 ? (
        <p class="note">{messages.quiet}</p>
      ) : (
        <div class="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">{messages.rule}</th>
                <th scope="col" class="number">
                  {messages.title}
                </th>
                <th scope="col" class="number">
                  {messages.pages}
                </th>
                <th scope="col" class="number">
                  {messages.unanswered}
                </th>
              </tr>
            </thead>
            <tbody>
              {rules.map(({ rule, incidents, pages, unanswered }) => (
                <tr key={rule}>
                  <td>
                    <code>{rule}</code>
                  </td>
                  <td class="number">{incidents}</td>
                  <td class="number">{pages}</td>
                  <td class={unanswered > 0 ? "number warn" : "number"}>{unanswered}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
