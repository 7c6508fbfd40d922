import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { ApiError } from "../kit/api.ts";
import { useMessages } from "../kit/context.ts";
import { type Answer, tiersOf } from "../metrics/answer.ts";
import { exploreAddress } from "../metrics/explore-state.ts";
import { isRaw, StandsOn } from "../metrics/stands-on.tsx";
import { Icon } from "../ui/icon.tsx";
import { useBoard } from "./context.ts";
import type { Item } from "./layout.ts";
import { BoardLink } from "./link.tsx";
import { TextPanel } from "./panels/text.tsx";
import { PanelView } from "./panels/view.tsx";
import { fillIn, type Variables } from "./template.ts";
import { useDashboardTexts } from "./texts.ts";
import { type PanelState, usePanel, useVisible } from "./use-panel.ts";

export interface PanelFrameProps {
  item: Pick<Item, "panel" | "variables" | "width">;
  /** Undefined until the variables are known. */
  ready: boolean;
  larger?: (() => void) | undefined;
  /** Further buttons of its head. */
  actions?: ComponentChildren;
}

/** A panel: its head, and what it shows once it is in sight. */
export function PanelFrame({ item, ready, larger, actions }: PanelFrameProps) {
  const { panel, variables } = item;
  const element = useRef<HTMLElement>(null);
  const visible = useVisible(element);
  const state = usePanel(panel, { variables, visible: visible && ready, wide: item.width >= 10 });
  const title = fillIn(panel.title, variables, "text");
  const plain = panel.kind === "text" && title === "";
  return (
    <section
      ref={element}
      class={`board-panel kind-${panel.kind}${plain ? " plain" : ""}`}
      aria-label={title || undefined}
      aria-busy={state.running}
    >
      {(!plain || actions) && <Head {...{ panel, title, state, larger, actions, variables }} />}
      <div class="panel-body">{visible && <Body {...{ panel, state }} />}</div>
      <Footer answers={state.asked?.answers ?? []} />
    </section>
  );
}

function Head(props: {
  panel: Item["panel"];
  title: string;
  state: PanelState;
  variables: Variables;
  larger: (() => void) | undefined;
  actions: ComponentChildren;
}) {
  const texts = useDashboardTexts();
  const { time } = useBoard();
  const { panel, title, state, larger, actions } = props;
  const exprs = state.exprs.flatMap((expr) => (expr ? [{ expr }] : []));
  return (
    <header>
      <h3>{title}</h3>
      {panel.description && (
        <span class="panel-about" title={fillIn(panel.description, props.variables, "text")}>
          <Icon
            name="info"
            size={13}
            label={`${texts.about}: ${fillIn(panel.description, props.variables, "text")}`}
          />
        </span>
      )}
      {state.running && state.asked && <i class="panel-busy" aria-hidden="true" />}
      <span class="panel-tools">
        {(panel.links ?? []).map(({ title: label, url }) => (
          <BoardLink key={url} class="panel-link" href={fillIn(url, props.variables, "text")}>
            {label}
          </BoardLink>
        ))}
        {exprs.length > 0 && (
          <a
            class="icon-button"
            href={exploreAddress({ exprs, time })}
            aria-label={`${texts.explore}: ${title}`}
            title={texts.explore}
          >
            <Icon name="explore" size={14} />
          </a>
        )}
        {larger && (
          <button
            type="button"
            class="icon-button"
            aria-label={`${texts.larger}: ${title}`}
            title={texts.larger}
            onClick={larger}
          >
            <Icon name="expand" size={14} />
          </button>
        )}
        {actions}
      </span>
    </header>
  );
}

/** Says where it was not answered from samples. */
function Footer({ answers }: { answers: readonly (Answer | undefined)[] }) {
  const tiers = tiersOf(answers);
  if (isRaw(tiers)) return null;
  return (
    <footer class="panel-tiers">
      <StandsOn tiers={tiers} />
    </footer>
  );
}

function Body({ panel, state }: { panel: Item["panel"]; state: PanelState }) {
  const texts = useDashboardTexts();
  const { common } = useMessages();
  const { asked } = state;
  if (panel.kind === "text") return <TextPanel text={panel.text ?? ""} variables={state.variables} />;
  if (!asked) return state.running ? <div class="panel-loading" /> : <p class="panel-note">{texts.noData}</p>;
  const empty = asked.answers.every((answer) => answer === undefined);
  if (asked.failure !== undefined && empty)
    return (
      <div class="panel-note" role="alert">
        <p class="bad">{asked.failure instanceof ApiError ? asked.failure.message : common.unreachable}</p>
        <button type="button" class="button small" onClick={state.retry}>
          {texts.retry}
        </button>
      </div>
    );
  return <PanelView panel={panel} asked={asked} variables={state.variables} />;
}
