import type { AlertRule, AlertView, Event } from "@havn/model";
import { useEffect, useMemo, useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../kit/context.ts";
import type { SilenceView } from "../kit/respond-api.ts";
import { pathTo } from "../kit/router.ts";
import type { Mark } from "../metrics/plot-options.ts";
import { WindowPicker } from "../ui/chart.tsx";
import { HistoryChart } from "./history-chart.tsx";
import { PagingFacts } from "./paging.tsx";
import { Labels } from "./parts.tsx";
import { Reasons } from "./reasons.tsx";
import type { Row } from "./views.ts";

/** All about one alert: its chart with what the rule says, why it is held back, who was asked. */
export function AlertDetail(props: {
  row: Row;
  rule: AlertRule | undefined;
  silences: readonly SilenceView[];
}) {
  const { row, rule, silences } = props;
  const messages = useMessages().respond;
  const [seconds, setSeconds] = useState(() => firstWindow(row.alert));
  const marks = useAlertMarks(row.alert);
  const threshold = rule?.chart?.threshold;
  return (
    <div class="alert-detail">
      {rule?.chart && (
        <div class="alert-chart">
          <WindowPicker value={seconds} onChange={setSeconds} />
          <HistoryChart
            title={messages.chartOf(rule.name)}
            query={rule.chart.query}
            seconds={seconds}
            limits={
              threshold ? [{ name: `${messages.limit} ${threshold.operator}`, value: threshold.value }] : []
            }
            name={messages.value.toLowerCase()}
            marks={marks}
            own={(metric) =>
              Object.entries(metric).every(
                ([name, value]) => name === "__name__" || name === "env" || row.alert.labels[name] === value,
              )
            }
          />
        </div>
      )}
      <div class="detail-columns">
        <section>
          <h3>{messages.rule}</h3>
          <RuleFacts rule={rule} alert={row.alert} />
        </section>
        <section>
          <h3>{messages.told}</h3>
          <Reasons row={row} silences={silences} />
          <PagingFacts row={row} />
        </section>
      </div>
    </div>
  );
}

/** As much as shows how it came to it. */
function firstWindow({ activeSince }: AlertView): number {
  const age = (Date.now() - activeSince) / 1000;
  return [3600, 6 * 3600].find((seconds) => seconds > age * 1.3) ?? 24 * 3600;
}

function RuleFacts({ rule, alert }: { rule: AlertRule | undefined; alert: AlertView }) {
  const messages = useMessages().respond;
  const annotations = { ...alert.annotations };
  delete annotations.summary;
  return (
    <>
      {rule ? (
        <>
          {rule.expr !== undefined && <pre class="expression">{rule.expr}</pre>}
          <dl class="facts">
            <dt>{messages.ruleKind}</dt>
            <dd>{messages.ruleKinds[rule.kind]}</dd>
            {rule.for !== undefined && (
              <>
                <dt>{messages.ruleFor}</dt>
                <dd>{rule.for}</dd>
              </>
            )}
            {rule.keepFiringFor !== undefined && (
              <>
                <dt>{messages.keepFiring}</dt>
                <dd>{rule.keepFiringFor}</dd>
              </>
            )}
            {rule.where !== "" && (
              <>
                <dt>{messages.declaredAs}</dt>
                <dd>
                  {rule.kind === "check" ? (
                    <a
                      href={pathTo("/environments/:environment/checks/:check", {
                        environment: alert.environment,
                        check: rule.name,
                      })}
                    >
                      {rule.where}
                    </a>
                  ) : (
                    <code>{rule.where}</code>
                  )}
                </dd>
              </>
            )}
          </dl>
          {rule.lastError !== "" && <p class="bad">{rule.lastError}</p>}
        </>
      ) : (
        <p class="muted">{messages.ruleElsewhere}</p>
      )}
      {Object.entries(annotations).map(([name, text]) => (
        <p key={name} class="annotation">
          <b>{name}</b>{" "}
          {/^https?:\/\//.test(text) ? (
            <a href={text} target="_blank" rel="noopener noreferrer">
              {text}
            </a>
          ) : (
            text
          )}
        </p>
      ))}
      <Labels labels={alert.routed} />
    </>
  );
}

/** When this alert began and ended to fire, within a day. */
function useAlertMarks({ environment, fingerprint, state }: AlertView): Mark[] {
  const { api } = useApplication();
  const formats = useFormats();
  const [events, setEvents] = useState<Event[]>([]);
  useEffect(() => {
    const stopping = new AbortController();
    const since = Date.now() - 86_400_000;
    api
      .events({ environment, kind: "alert", since, limit: 500 }, stopping.signal)
      .then((answer) => setEvents(answer.events))
      // The chart is worth seeing without them.
      .catch(() => undefined);
    return () => stopping.abort();
  }, [fingerprint, state]);
  return useMemo(
    () =>
      events
        .filter(({ data }) => data["fingerprint"] === fingerprint)
        .map(({ at, kind, summary }) => ({
          at: at / 1000,
          title: summary,
          tone: kind === "alert.resolved" ? ("good" as const) : ("bad" as const),
        })),
    [events, formats],
  );
}
