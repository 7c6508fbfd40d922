import type { Dashboard, DashboardPanel } from "@havn/model";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Board, useNow } from "../../dashboards/board.tsx";
import { PanelDialog } from "../../dashboards/edit/panel-dialog.tsx";
import { useEditing } from "../../dashboards/edit/use-editing.ts";
import { BoardLink } from "../../dashboards/link.tsx";
import { type BoardState, parseBoardState, writeBoardState } from "../../dashboards/state.ts";
import { fillIn } from "../../dashboards/template.ts";
import { useDashboardTexts } from "../../dashboards/texts.ts";
import { useVariables } from "../../dashboards/use-variables.ts";
import { VariablesBar } from "../../dashboards/variables-bar.tsx";
import { useShortcuts } from "../../kit/keyboard.ts";
import { navigate, pathTo } from "../../kit/router.ts";
import { moved, RangeBar, widened } from "../../metrics/range-bar.tsx";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Banner } from "./banner.tsx";
import { EditBar, Menu } from "./bars.tsx";

interface ViewProps {
  data: Dashboard;
  params: { environment: string; dashboard: string };
  query: URLSearchParams;
  reload(): void;
  update(change: (data: Dashboard) => Dashboard): void;
}

/** One dashboard. Everything that is seen stands in the address; only what is being edited does not. */
export default function DashboardView({ data, params, query, reload, update }: ViewProps) {
  const texts = useDashboardTexts();
  const editing = useEditing();
  const written = query.toString();
  const state = useMemo(() => parseBoardState(query, data.dashboard), [written, data.dashboard]);
  const kept = state.declared && data.declared ? data.declared : data.dashboard;
  const dashboard = editing.draft ?? kept;
  const { now, look } = useNow(state.time.kind === "last" && !editing.draft ? state.refresh : 0);
  const [round, setRound] = useState(0);
  const definitions = dashboard.variables ?? [];
  const variables = useVariables(definitions, { state, environment: params.environment, now, round });
  const [panel, setPanel] = useState<number>();

  useEffect(() => {
    // A dashboard that was just made is there to be filled.
    if (query.get("edit") === "1") editing.start(data.dashboard);
  }, []);
  const latest = useRef(state);
  latest.current = state;
  const go = (change: Partial<BoardState>) => {
    const search = writeBoardState({ ...latest.current, ...change }, data.dashboard).toString();
    const path = pathTo("/environments/:environment/dashboards/:dashboard", params);
    look();
    navigate(search === "" ? path : `${path}?${search}`);
  };
  const shortcuts = useMemo(
    () => ({
      "[": () => go({ time: moved(latest.current.time, -0.5) }),
      "]": () => go({ time: moved(latest.current.time, 0.5) }),
      "-": () => go({ time: widened(latest.current.time) }),
      r: look,
      Escape: () => latest.current.panel !== undefined && go({ panel: undefined }),
    }),
    [],
  );
  useShortcuts(shortcuts);
  const edited = dashboard.panels[panel ?? -1];
  const put = (next: DashboardPanel) =>
    editing.change({ ...dashboard, panels: dashboard.panels.map((one, at) => (at === panel ? next : one)) });

  return (
    <div class="dashboard">
      <header class="page-head dashboard-head">
        <h1>{fillIn(dashboard.title ?? data.name, variables.variables ?? new Map(), "text")}</h1>
        {(dashboard.links ?? []).map(({ title, url }) => (
          <BoardLink key={url} href={fillIn(url, variables.variables ?? new Map(), "text")}>
            {title} <Icon name="external" size={12} />
          </BoardLink>
        ))}
        <RangeBar
          time={state.time}
          onTime={(time) => go({ time })}
          refresh={state.refresh}
          onRefresh={(refresh) => go({ refresh })}
        />
        {!editing.draft && (
          <Menu {...{ data, reload }} edit={() => editing.start(data.dashboard)} declared={state.declared} />
        )}
      </header>
      {editing.draft ? (
        <EditBar {...{ data, editing, open: setPanel, update, reload }} draft={editing.draft} />
      ) : (
        <Banner {...{ data, state, go, update, reload }} />
      )}
      <VariablesBar
        definitions={definitions}
        state={variables}
        choices={state.choices}
        choose={(name, values) => go({ choices: new Map([...state.choices, [name, values]]) })}
      />
      {state.panel !== undefined && (
        <p>
          <button type="button" class="button small" onClick={() => go({ panel: undefined })}>
            ← {texts.smaller}
          </button>
        </p>
      )}
      {dashboard.panels.length === 0 && (
        <EmptyState icon="dashboards" title={texts.noData}>
          <button type="button" class="button" onClick={() => editing.draft ?? editing.start(data.dashboard)}>
            {texts.edit}
          </button>
        </EmptyState>
      )}
      <Board
        {...{ dashboard, state, now, variables, go }}
        environment={params.environment}
        retry={() => setRound((before) => before + 1)}
        edit={
          editing.draft && {
            panels: dashboard.panels,
            change: (panels) => editing.change({ ...dashboard, panels }),
            open: setPanel,
          }
        }
        dialog={
          edited && (
            <PanelDialog
              panel={edited}
              definitions={definitions}
              variables={variables.variables ?? new Map()}
              change={put}
              close={() => setPanel(undefined)}
            />
          )
        }
      />
    </div>
  );
}
