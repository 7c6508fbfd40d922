import type { DashboardProperties } from "@havn/model";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useApplication } from "../kit/context.ts";
import { ask } from "../metrics/ask.ts";
import { markKinds } from "../metrics/marks.ts";
import { useMarks } from "../metrics/use-answers.ts";
import { type Window, windowOf } from "../metrics/window.ts";
import { ErrorState, LoadingState } from "../ui/states.tsx";
import { BoardContext } from "./context.ts";
import { type EditActions, EditTools, Grip } from "./edit/tools.tsx";
import { type Item, type Section, sectionsOf } from "./layout.ts";
import { PanelFrame } from "./panel-frame.tsx";
import { createAsker } from "./queue.ts";
import type { BoardState } from "./state.ts";
import { fillIn } from "./template.ts";
import { useDashboardTexts } from "./texts.ts";
import type { VariablesState } from "./use-variables.ts";

export interface BoardProps {
  dashboard: DashboardProperties;
  environment: string;
  state: BoardState;
  /** Seconds: the end of a range that ends now. */
  now: number;
  variables: VariablesState;
  go(change: Partial<BoardState>): void;
  retry(): void;
  /** While it is edited. */
  edit?: EditActions | undefined;
  /** Shown over it: it may ask as panels do. */
  dialog?: ComponentChildren;
}

/** The panels of a dashboard, row by row. */
export function Board(props: BoardProps) {
  const { dashboard, environment, state, now, variables, go, retry, edit, dialog } = props;
  const { api } = useApplication();
  const asker = useMemo(() => createAsker((question, signal) => ask(api, question, signal)), [api]);
  const window: Window = useMemo(() => windowOf(state.time, { now, points: 240 }), [state.time, now]);
  const marks = useMarks(window, { kinds: markKinds, environment });
  const shared = useMemo(
    () => ({
      ...{ asker, time: state.time, now, marks },
      zoom: (start: number, end: number) => go({ time: { kind: "fixed", start, end } }),
    }),
    [asker, state.time, now, marks],
  );
  const scope = variables.variables;
  const sections = useMemo(() => sectionsOf(dashboard.panels, scope ?? new Map()), [dashboard.panels, scope]);
  if (!scope && variables.failure !== undefined)
    return <ErrorState cause={variables.failure} retry={retry} />;
  // Panels that repeat are not known before: nothing jumps about once they are.
  if (!scope && dashboard.panels.some(({ repeat }) => repeat)) return <LoadingState />;
  const alone = state.panel === undefined ? undefined : dashboard.panels[state.panel];
  return (
    <BoardContext.Provider value={shared}>
      {alone && alone.kind !== "row" ? (
        <div class="board-alone">
          <PanelFrame
            item={{ panel: alone, variables: scope ?? new Map(), width: 24 }}
            ready={scope !== undefined}
          />
        </div>
      ) : (
        <div class={edit ? "board editing" : "board"}>
          {sections.map((section) => (
            <BoardSection key={section.key} {...{ section, edit, go }} ready={scope !== undefined} />
          ))}
        </div>
      )}
      {dialog}
    </BoardContext.Provider>
  );
}

function BoardSection(props: {
  section: Section;
  ready: boolean;
  go: BoardProps["go"];
  edit: EditActions | undefined;
}) {
  const { section, ready, go, edit } = props;
  const { row } = section;
  const [open, setOpen] = useState(!row?.panel.collapsed);
  const shown = open || edit !== undefined;
  const grid = (
    <div class="board-grid">
      {section.items.map((item) => (
        <Cell key={item.key} {...{ item, section, ready, go, edit }} />
      ))}
    </div>
  );
  if (!row) return grid;
  const title = fillIn(row.panel.title, section.variables, "text");
  return (
    <section class="board-row">
      <header>
        <button type="button" class="row-title" aria-expanded={shown} onClick={() => setOpen(!open)}>
          <span class={shown ? "turn open" : "turn"}>›</span>
          <h2>{title}</h2>
          {!shown && <small>{section.items.length}</small>}
        </button>
        {edit && <EditTools index={row.index} title={title} edit={edit} />}
      </header>
      {shown && grid}
    </section>
  );
}

function Cell(props: {
  item: Item;
  section: Section;
  ready: boolean;
  go: BoardProps["go"];
  edit: EditActions | undefined;
}) {
  const { item, section, ready, go, edit } = props;
  const element = useRef<HTMLDivElement>(null);
  const texts = useDashboardTexts();
  const title = item.panel.title || texts.kinds[item.panel.kind];
  return (
    <div
      ref={element}
      class={`board-cell cell-${item.panel.kind}`}
      style={{ "--x": item.x + 1, "--y": item.y + 1, "--w": item.width, "--h": item.height }}
    >
      <PanelFrame
        item={item}
        ready={ready}
        larger={edit ? undefined : () => go({ panel: item.index })}
        actions={edit && <EditTools index={item.index} title={title} edit={edit} />}
      />
      {edit && <Grip {...{ item, section, edit, element }} />}
    </div>
  );
}

/** The moment that all panels look back from; it moves on every `seconds`, but not while nobody looks. */
export function useNow(seconds: number): { now: number; look(): void } {
  const [now, setNow] = useState(() => Math.floor(Date.now() / 1000));
  const look = () => setNow(Math.floor(Date.now() / 1000));
  useEffect(() => {
    if (seconds <= 0) return;
    const timer = setInterval(() => {
      if (!document.hidden) look();
    }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return { now, look };
}
