import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useShortcuts } from "../../kit/keyboard.ts";
import { navigate } from "../../kit/router.ts";
import { type ExploreState, parseState, writeState } from "../../metrics/explore-state.ts";
import { moved, RangeBar, widened } from "../../metrics/range-bar.tsx";
import { useMetricTexts } from "../../metrics/texts.ts";
import { useAnswers } from "../../metrics/use-answers.ts";
import { windowOf } from "../../metrics/window.ts";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Options } from "./options.tsx";
import { Queries } from "./queries.tsx";
import { Results } from "./results.tsx";

/** How many moments a graph has unless a step is chosen: the same for all, so that a link shows the same to all. */
const points = 300;

/** Asks metrics freely. Everything that is seen stands in the address; only what is being typed does not. */
export default function Explorer({ query }: { query: URLSearchParams }) {
  const texts = useMetricTexts();
  const written = query.toString();
  const state = useMemo(() => parseState(query), [written]);
  const [drafts, setDrafts] = useState(state.queries);
  const [round, setRound] = useState(0);
  useEffect(() => setDrafts(state.queries), [state]);

  const windowNow = () => windowOf(state.time, { now: Date.now() / 1000, points, step: state.step });
  const exprs = state.queries.map(({ expr, hidden }) => (hidden || expr.trim() === "" ? undefined : expr));
  const answers = useAnswers(
    {
      key: JSON.stringify([exprs, state.time, state.step, state.view === "table", round]),
      exprs,
      instant: state.view === "table",
    },
    windowNow,
  );
  const { running, cancel } = answers;
  useRefresh(state.time.kind === "last" && !answers.cancelled ? state.refresh : 0, running, () =>
    setRound((before) => before + 1),
  );

  const latest = useRef({ state, drafts });
  latest.current = { state, drafts };
  const go = (change: Partial<ExploreState>) => {
    const next = { ...latest.current.state, queries: latest.current.drafts, ...change };
    const address = `/explore?${writeState(next)}`;
    // Asking the same again is no new place to come back to.
    if (address === location.pathname + location.search) setRound((before) => before + 1);
    else navigate(address);
  };
  const shortcuts = useMemo(
    () => ({
      "[": () => go({ time: moved(latest.current.state.time, -0.5) }),
      "]": () => go({ time: moved(latest.current.state.time, 0.5) }),
      "-": () => go({ time: widened(latest.current.state.time) }),
    }),
    [],
  );
  useShortcuts(shortcuts);

  return (
    <div class="explorer">
      <header class="page-head">
        <h1>{texts.title}</h1>
        <RangeBar
          time={state.time}
          onTime={(time) => go({ time })}
          refresh={state.refresh}
          onRefresh={(refresh) => go({ refresh })}
        />
      </header>
      <section class="panel">
        <Queries drafts={drafts} run={state.queries} asked={answers.asked} change={setDrafts} go={go} />
        <div class="explore-actions">
          <button type="button" class="button primary" onClick={() => go({})}>
            <Icon name="play" size={14} /> {texts.run}
          </button>
          {running && exprs.some(Boolean) && (
            <button type="button" class="button" onClick={cancel}>
              {texts.cancel}
            </button>
          )}
          <Options state={state} step={windowNow().step} go={go} />
        </div>
      </section>
      {exprs.some(Boolean) ? (
        <Results state={state} answers={answers} go={go} />
      ) : (
        <EmptyState icon="explore" title={texts.nothing} detail={texts.nothingDetail} />
      )}
    </div>
  );
}

/** Counts from the end of a round: a query that takes longer than `seconds` is not cut off by the next one. */
function useRefresh(seconds: number, running: boolean, refresh: () => void): void {
  useEffect(() => {
    if (seconds === 0 || running) return;
    const timer = setInterval(() => {
      if (!document.hidden) refresh();
    }, seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds, running]);
}
