import type { CheckView } from "@havn/model";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { type CheckNews, topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { pathTo } from "../../kit/router.ts";
import { type Act, ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { CheckBadges, CheckState } from "../../respond/check-state.tsx";
import { byTrouble, isOf, type Kind, kinds, type Placed, shownState, treeOf } from "../../respond/checks.ts";
import { Pick, Segments } from "../../respond/parts.tsx";
import { setSearch } from "../../respond/search.ts";
import { Icon } from "../../ui/icon.tsx";
import { Ago } from "../../ui/parts.tsx";
import { EmptyState } from "../../ui/states.tsx";

interface ChecksData {
  checks: CheckView[];
}

export const page = definePage({
  path: "/environments/:environment/checks",
  nav: {
    ...{ label: "checks", icon: "checks", order: 11, key: "c", group: "observe" },
    covers: ["/environments/:environment/checks"],
  },
  title: (messages, { environment }) => `${messages.checks.title} · ${environment}`,
  load: ({ api, params, signal }): Promise<ChecksData> => api.checks(params.environment, signal),
  live: ({ environment }) => [
    topics.checks(environment, ({ checks }: ChecksData, news) => ({ checks: withNews(checks, news) })),
  ],
  view: ({ data: { checks }, params: { environment }, query }) => {
    const messages = useMessages();
    const act = useAct();
    const text = (query.get("q") ?? "").toLowerCase();
    const [kind, probe] = [kindOf(query), query.get("probe") ?? ""];
    const found = checks.filter(
      (view) =>
        (probe === "" || view.kind === probe) &&
        `${view.name} ${view.result?.output ?? ""} ${view.from ?? ""}`.toLowerCase().includes(text),
    );
    const shown = found.filter((view) => isOf(view, kind));
    const asTree = query.get("view") === "tree";
    const rows = asTree ? treeOf(shown) : shown.toSorted(byTrouble).map((view) => ({ view, depth: 0 }));
    return (
      <>
        <header class="page-head">
          <h1>{messages.checks.title}</h1>
          <Sums checks={checks} />
        </header>
        {checks.length > 0 && <Filters {...{ found, checks, kind, probe, asTree, query }} />}
        <ActOutcome act={act} />
        {rows.length === 0 ? (
          checks.length === 0 ? (
            <EmptyState icon="checks" title={messages.checks.none} detail={messages.checks.noneDetail} />
          ) : (
            <EmptyState icon="healthy" title={messages.checks.noneFits} />
          )
        ) : (
          <Board {...{ rows, environment, act }} />
        )}
      </>
    );
  },
});

const kindOf = (query: URLSearchParams): Kind => kinds.find((one) => one === query.get("show")) ?? "all";

function withNews(checks: readonly CheckView[], { changed, gone }: CheckNews): CheckView[] {
  const by = new Map(checks.map((view) => [view.address, view]));
  for (const view of changed) by.set(view.address, view);
  for (const address of gone) by.delete(address);
  return [...by.values()];
}

function Sums({ checks }: { checks: readonly CheckView[] }) {
  const { states } = useMessages().checks;
  const count = (state: string) => checks.filter((view) => shownState(view) === state).length;
  return (
    <div class="figures">
      {(["critical", "warning", "unknown", "ok"] as const).map((state) => (
        <div key={state} class={state === "critical" && count(state) > 0 ? "figure bad" : "figure"}>
          <b>{count(state)}</b>
          <span>{states[state]}</span>
        </div>
      ))}
    </div>
  );
}

function Filters(props: {
  found: readonly CheckView[];
  checks: readonly CheckView[];
  kind: Kind;
  probe: string;
  asTree: boolean;
  query: URLSearchParams;
}) {
  const { found, checks, kind, probe, asTree, query } = props;
  const { checks: messages, timeline } = useMessages();
  const probes = [...new Set(checks.map((view) => view.kind))].sort();
  return (
    <search class="filter-bar">
      <input
        type="search"
        data-filter
        aria-label={messages.filter}
        placeholder={messages.filter}
        value={query.get("q") ?? ""}
        onInput={(event) => setSearch(query, { q: event.currentTarget.value })}
      />
      <Segments
        label={messages.show}
        value={kind}
        options={kinds.map((value) => ({
          ...{ value, text: messages.kinds[value] },
          count: found.filter((view) => isOf(view, value)).length,
        }))}
        choose={(value) => setSearch(query, { show: value === "all" ? undefined : value })}
      />
      <Pick
        label={messages.probe}
        value={probe}
        options={[["", timeline.any], ...probes.map((one) => [one, one] as const)]}
        choose={(value) => setSearch(query, { probe: value })}
      />
      <Segments
        label={messages.view}
        value={asTree ? "tree" : "list"}
        options={[
          { value: "list", text: messages.list },
          { value: "tree", text: messages.tree },
        ]}
        choose={(value) => setSearch(query, { view: value === "tree" ? "tree" : undefined })}
      />
    </search>
  );
}

function Board(props: { rows: Placed[]; environment: string; act: Act }) {
  const messages = useMessages().checks;
  return (
    <section class="panel flush">
      <table class="board">
        <thead>
          <tr>
            <th scope="col">{messages.state}</th>
            <th scope="col">{messages.check}</th>
            <th scope="col">{messages.since}</th>
            <th scope="col">{messages.last}</th>
            <th scope="col">
              <span class="visually-hidden">{messages.run}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <CheckRow key={row.view.address} {...props} {...row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function CheckRow({ view, depth, environment, act }: Placed & { environment: string; act: Act }) {
  const { api } = useApplication();
  const messages = useMessages().checks;
  const formats = useFormats();
  const { may, why } = useMay();
  const { result, name } = view;
  const asked = view.kind !== "passive" && view.kind !== "heartbeat";
  return (
    <tr class={view.unreachable.length > 0 ? "is-behind" : undefined}>
      <td>
        <CheckState view={view} />
      </td>
      <td class="check-name" style={depth > 0 ? { paddingLeft: `${12 + depth * 22}px` } : undefined}>
        {depth > 0 && <i class="branch" aria-hidden="true" />}
        <a href={pathTo("/environments/:environment/checks/:check", { environment, check: name })}>{name}</a>{" "}
        <span class="muted">{view.kind}</span> <CheckBadges view={view} />
        {result && (
          <p class="check-output" lang="en">
            {result.output}
          </p>
        )}
      </td>
      <td>{result ? <Ago at={result.since} /> : "–"}</td>
      <td>
        {result ? <Ago at={result.at} /> : "–"}
        <small class="muted">
          {result && `${formats.seconds(result.durationMs / 1000)} · `}
          {view.from?.split("/").at(-1) ?? "Havn"}
        </small>
      </td>
      <td>
        {asked && (
          <button
            type="button"
            class="icon-button"
            disabled={!may || act.busy}
            title={why ?? messages.runNow}
            aria-label={messages.runNamed(name)}
            onClick={() => void act.run(() => api.runCheck(environment, name), messages.ran(name))}
          >
            <Icon name="play" size={14} />
          </button>
        )}
      </td>
    </tr>
  );
}
