import type { Alert } from "@havn/model";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Api } from "../../kit/api.ts";
import { useApplication, useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { AlertTabs } from "../../respond/alert-tabs.tsx";
import { covering, type Matcher, parseMatchers, writeMatcher } from "../../respond/matchers.ts";
import { Pick, Segments } from "../../respond/parts.tsx";
import { setSearch } from "../../respond/search.ts";
import { SilenceForm } from "../../respond/silence-form.tsx";
import {
  type Filter,
  fits,
  groupableLabels,
  groupsOf,
  type Row,
  rowsOf,
  type Situation,
} from "../../respond/views.ts";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { GroupPanel } from "./group.tsx";

async function load(api: Api, environment: string, signal: AbortSignal): Promise<Situation> {
  const [{ alerts }, { paging }, maintenance] = await Promise.all([
    api.alertViews(environment, signal),
    api.paging(environment, signal),
    api.maintenance(signal),
  ]);
  return { alerts, paging, maintenance };
}

export const page = definePage({
  path: "/environments/:environment/alerts",
  nav: {
    ...{ label: "alerts", icon: "alert", order: 10, key: "a", group: "observe" },
    covers: [
      "/environments/:environment/alerts",
      "/environments/:environment/silences",
      "/environments/:environment/receivers",
      "/environments/:environment/try-rule",
    ],
  },
  title: (messages, { environment }) => `${messages.alerts.title} · ${environment}`,
  load: ({ api, params, signal }) => load(api, params.environment, signal),
  live: ({ environment }) => [
    topics.changed<Situation>(`status:${environment}`),
    topics.changed<Situation>("silences"),
    topics.happened<Situation>(environment, /^(alert|page|incident|maintenance)\./),
  ],
  view: ({ data, params: { environment }, query, reload }) => {
    const messages = useMessages();
    const rows = useMemo(() => rowsOf(data), [data]);
    const filter = filterOf(query);
    const shown = rows.filter((row) => fits(row, filter));
    const by = query.get("by") ?? "routing";
    const { chosen, toggle, clear } = useChosen(rows);
    const [silencing, setSilencing] = useState<Matcher[]>();
    const act = useAct();
    return (
      <>
        <header class="page-head">
          <h1>{messages.alerts.title}</h1>
          <AlertTabs environment={environment} current="alerts" />
        </header>
        <FilterBar {...{ rows, filter, by, query }} />
        <ActOutcome act={act} />
        {chosen.length > 0 && (
          <Bulk
            {...{ chosen, clear, act }}
            silence={() => setSilencing(covering(chosen.map(({ alert }) => alert.routed)))}
            done={() => {
              clear();
              reload();
            }}
          />
        )}
        {shown.length === 0 ? (
          <Nothing filtered={rows.length > 0} />
        ) : (
          groupsOf(shown, by).map((group) => (
            <GroupPanel
              key={group.key}
              {...{ group, by, environment, toggle }}
              chosen={new Set(chosen.map(({ alert }) => alert.fingerprint))}
              silence={setSilencing}
              choose={(name, value) =>
                setSearch(query, { q: withMatcher(query.get("q") ?? "", { name, operator: "=", value }) })
              }
            />
          ))
        )}
        {silencing && (
          <SilenceForm
            matchers={silencing}
            close={() => setSilencing(undefined)}
            saved={() => {
              setSilencing(undefined);
              clear();
              reload();
            }}
          />
        )}
      </>
    );
  },
});

const states: readonly Filter["state"][] = ["active", "firing", "suppressed", "pending", "resolved", "all"];

function filterOf(query: URLSearchParams): Filter {
  const state = states.find((one) => one === query.get("state")) ?? "active";
  return { text: query.get("q") ?? "", state, severity: query.get("severity") ?? "" };
}

/** What was chosen, as far as it is still there. */
function useChosen(rows: readonly Row[]) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  return {
    chosen: rows.filter(({ alert }) => ids.has(alert.fingerprint)),
    clear: () => setIds(new Set()),
    toggle(some: readonly Row[], on: boolean) {
      const next = new Set(ids);
      for (const { alert } of some)
        if (on) next.add(alert.fingerprint);
        else next.delete(alert.fingerprint);
      setIds(next);
    },
  };
}

function withMatcher(text: string, added: Matcher): string {
  const before = parseMatchers(text);
  if (!before) return writeMatcher(added);
  const others = before.filter(({ name }) => name !== added.name);
  return [...others, added].map(writeMatcher).join(", ");
}

function FilterBar(props: { rows: readonly Row[]; filter: Filter; by: string; query: URLSearchParams }) {
  const { rows, filter, by, query } = props;
  const { respond, alerts, timeline } = useMessages();
  const [text, setText] = useState(filter.text);
  // What a click on a label put into the address.
  useEffect(() => setText(filter.text), [filter.text]);
  const count = (state: Filter["state"]) => rows.filter((row) => fits(row, { ...filter, state })).length;
  const severities = ["critical", "warning", "info"] as const satisfies readonly Alert["severity"][];
  return (
    <search class="filter-bar">
      <input
        type="search"
        data-filter
        aria-label={respond.filterAlerts}
        placeholder={'severity="critical", host=~"web.*"'}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setSearch(query, { q: event.currentTarget.value });
        }}
      />
      <Segments
        label={respond.state}
        value={filter.state}
        options={states.map((value) => ({ value, text: respond.stands[value], count: count(value) }))}
        choose={(state) => setSearch(query, { state: state === "active" ? undefined : state })}
      />
      <Pick
        label={respond.severity}
        value={filter.severity}
        options={[["", timeline.any], ...severities.map((one) => [one, alerts.severities[one]] as const)]}
        choose={(severity) => setSearch(query, { severity })}
      />
      <Pick
        label={respond.groupBy}
        value={by}
        options={[
          ["routing", respond.byRouting],
          ...groupableLabels(rows).map((name) => [name, name] as const),
        ]}
        choose={(value) => setSearch(query, { by: value === "routing" ? undefined : value })}
      />
    </search>
  );
}

function Bulk(props: {
  chosen: readonly Row[];
  act: ReturnType<typeof useAct>;
  silence(): void;
  clear(): void;
  done(): void;
}) {
  const { chosen, act } = props;
  const { api } = useApplication();
  const { respond } = useMessages();
  const { may, why } = useMay();
  const incidents = [...new Set(chosen.flatMap(({ paging }) => paging?.incident ?? []))];
  return (
    <section class="bulk" aria-label={respond.chosen(chosen.length)}>
      <b>{respond.chosen(chosen.length)}</b>
      <button
        type="button"
        class="button small"
        disabled={!may || act.busy || incidents.length === 0}
        title={why ?? (incidents.length === 0 ? respond.nothingToAnswer : undefined)}
        onClick={() =>
          void act
            .run(
              () => Promise.all(incidents.map((id) => api.acknowledgeIncident(id))),
              respond.acknowledgedIncidents(incidents.length),
            )
            .then((done) => done && props.done())
        }
      >
        <Icon name="check" size={14} /> {respond.acknowledge}
      </button>
      <button type="button" class="button small" disabled={!may} title={why} onClick={props.silence}>
        <Icon name="mute" size={14} /> {respond.silence}
      </button>
      <button type="button" class="link push" onClick={props.clear}>
        {respond.chooseNone}
      </button>
    </section>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  const { alerts, respond } = useMessages();
  return filtered ? (
    <EmptyState icon="healthy" title={respond.noneFits} detail={respond.noneFitsDetail} />
  ) : (
    <EmptyState icon="healthy" title={alerts.none} detail={alerts.noneDetail} />
  );
}
