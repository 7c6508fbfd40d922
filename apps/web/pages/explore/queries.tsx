import type { ApiError } from "../../kit/api.ts";
import { useMessages } from "../../kit/context.ts";
import PromqlEditor, { type Finding } from "../../metrics/editor.tsx";
import type { ExploreQuery, ExploreState } from "../../metrics/explore-state.ts";
import { useMetricTexts } from "../../metrics/texts.ts";
import type { Asked } from "../../metrics/use-answers.ts";
import { Icon } from "../../ui/icon.tsx";

interface QueriesProps {
  /** As they are being written. */
  drafts: readonly ExploreQuery[];
  /** As they were asked. */
  run: readonly ExploreQuery[];
  asked: Asked | undefined;
  change(drafts: ExploreQuery[]): void;
  go(change: Partial<ExploreState>): void;
}

export function Queries({ drafts, run, asked, change, go }: QueriesProps) {
  const texts = useMetricTexts();
  const { common } = useMessages();
  const edit = (at: number, part: Partial<ExploreQuery>) =>
    drafts.map((one, index) => (index === at ? { ...one, ...part } : one));
  return (
    <ol class="queries">
      {drafts.map((draft, at) => {
        const findings = draft.expr === run[at]?.expr ? findingsOf(asked, at, common.unreachable) : [];
        return (
          <li key={at} class={draft.hidden ? "query off" : "query"}>
            <div class="query-row">
              <PromqlEditor
                value={draft.expr}
                label={texts.query(at + 1)}
                hint={texts.hint}
                findings={findings}
                first={at === 0}
                onChange={(expr) => change(edit(at, { expr }))}
                onRun={() => go({})}
              />
              <input
                type="text"
                class="legend-field"
                aria-label={texts.legend(at + 1)}
                placeholder={texts.legendHint}
                value={draft.legend}
                onInput={(event) => change(edit(at, { legend: event.currentTarget.value }))}
                onKeyDown={(event) => event.key === "Enter" && go({})}
              />
              <span class="query-buttons">
                <button
                  type="button"
                  class="icon-button"
                  aria-pressed={draft.hidden}
                  aria-label={texts.hide(at + 1)}
                  title={texts.hide(at + 1)}
                  onClick={() => go({ queries: edit(at, { hidden: !draft.hidden }) })}
                >
                  <Icon name={draft.hidden ? "play" : "pause"} />
                </button>
                {drafts.length > 1 && (
                  <button
                    type="button"
                    class="icon-button"
                    aria-label={texts.remove(at + 1)}
                    title={texts.remove(at + 1)}
                    onClick={() => go({ queries: drafts.filter((_, index) => index !== at) })}
                  >
                    <Icon name="close" />
                  </button>
                )}
              </span>
            </div>
            <Findings findings={findings} />
          </li>
        );
      })}
      <li>
        <button
          type="button"
          class="button small"
          onClick={() => change([...drafts, { expr: "", legend: "", hidden: false }])}
        >
          <Icon name="plus" size={14} /> {texts.add}
        </button>
      </li>
    </ol>
  );
}

function findingsOf(asked: Asked | undefined, at: number, unreachable: string): Finding[] {
  const failure = asked?.failures[at] as ApiError | Error | undefined;
  const answer = asked?.answers[at];
  return [
    ...(failure ? [{ severity: "error" as const, message: failure.message || unreachable }] : []),
    ...(answer?.warnings ?? []).map((message) => ({ severity: "warning" as const, message })),
    ...(answer?.infos ?? []).map((message) => ({ severity: "info" as const, message })),
  ];
}

/** The same as under the editor's wavy lines, for who does not point at them. */
function Findings({ findings }: { findings: readonly Finding[] }) {
  const { severities } = useMetricTexts();
  if (findings.length === 0) return null;
  const tones = { error: "bad", warning: "warn", info: "muted" };
  return (
    <ul class="findings" role="status">
      {findings.map(({ severity, message }) => (
        <li key={message} class={tones[severity]}>
          <b>{severities[severity]}:</b> {message}
        </li>
      ))}
    </ul>
  );
}
