import type { BacktestAnswer } from "@havn/model";
import { useEffect, useRef, useState } from "preact/hooks";
import { useMessages } from "../../kit/context.ts";
import { AlertTabs } from "../../respond/alert-tabs.tsx";
import { Field, Segments } from "../../respond/parts.tsx";
import { setSearch } from "../../respond/search.ts";
import { ErrorState } from "../../ui/states.tsx";
import { exprOf, type Tried, tryRule } from "./ask.ts";
import { Faulty, type TryRuleData } from "./faulty.tsx";
import { Outcome } from "./outcome.tsx";

/** Until the next letter comes, so that not every one of them asks. */
const pauseMs = 700;

interface Props {
  data: TryRuleData;
  params: { environment: string };
  query: URLSearchParams;
}

export default function TryRule({ data, params: { environment }, query }: Props) {
  const messages = useMessages().tryRule;
  const [tried, setTried] = useState(() => triedOf(query));
  const { answer, share, failure, again } = useTried(environment, tried);
  const change = (part: Partial<Tried>) => {
    const next = { ...tried, ...part };
    setTried(next);
    setSearch(query, { ...next });
  };
  return (
    <>
      <header class="page-head">
        <h1>{messages.title}</h1>
        <AlertTabs environment={environment} current="try" />
      </header>
      <p class="muted">{messages.lead}</p>
      <Form {...{ tried, change, again }} />
      {share !== undefined && (
        <p class="note" role="status">
          {messages.busy(Math.round(share * 100))}
        </p>
      )}
      {failure !== undefined && <ErrorState cause={failure} retry={again} />}
      {answer && <Outcome answer={answer} />}
      <Faulty rules={data.faulty} choose={(expr) => change({ expr, compare: "none" })} />
    </>
  );
}

const compares = ["none", "above", "below", "unusual"] as const;
const seasons = ["1d", "1w"] as const;
const severities = ["info", "warning", "critical"] as const;
const pasts = ["1d", "7d", "30d"] as const;

const triedOf = (query: URLSearchParams): Tried => ({
  expr: query.get("expr") ?? "",
  compare: compares.find((one) => one === query.get("compare")) ?? "none",
  limit: query.get("limit") ?? "",
  season: seasons.find((one) => one === query.get("season")) ?? "1w",
  severity: severities.find((one) => one === query.get("severity")) ?? "warning",
  for: query.get("for") ?? "0s",
  past: pasts.find((one) => one === query.get("past")) ?? "7d",
});

function Form(props: { tried: Tried; change(part: Partial<Tried>): void; again(): void }) {
  const { tryRule: messages, alerts } = useMessages();
  const { tried, change } = props;
  const { asIs, above, below, unusual } = messages;
  const comparing = { none: asIs, above, below, unusual };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        props.again();
      }}
    >
      <Field label={messages.expr}>
        <textarea
          rows={2}
          spellcheck={false}
          name="expr"
          value={tried.expr}
          onInput={(event) => change({ expr: event.currentTarget.value })}
        />
      </Field>
      <div class="form-row">
        <span class="form-label">{messages.compare}</span>
        <Segments
          label={messages.compare}
          value={tried.compare}
          options={compares.map((value) => ({ value, text: comparing[value] }))}
          choose={(compare) => change({ compare })}
        />
        {tried.compare === "unusual" && (
          <Segments
            label={messages.season}
            value={tried.season}
            options={seasons.map((value) => ({ value, text: messages.seasons[value] }))}
            choose={(season) => change({ season })}
          />
        )}
        {(tried.compare === "above" || tried.compare === "below") && (
          <input
            type="text"
            inputMode="decimal"
            name="limit"
            aria-label={messages.limit}
            value={tried.limit}
            onInput={(event) => change({ limit: event.currentTarget.value })}
          />
        )}
      </div>
      <div class="form-row">
        <span class="form-label">{messages.for}</span>
        <input
          type="text"
          name="for"
          aria-label={messages.for}
          value={tried.for}
          onInput={(event) => change({ for: event.currentTarget.value })}
        />
        <span class="form-label">{messages.severity}</span>
        <Segments
          label={messages.severity}
          value={tried.severity}
          options={severities.map((value) => ({ value, text: alerts.severities[value] }))}
          choose={(severity) => change({ severity })}
        />
        <span class="form-label">{messages.past}</span>
        <Segments
          label={messages.past}
          value={tried.past}
          options={pasts.map((value) => ({ value, text: messages.pasts[value] }))}
          choose={(past) => change({ past })}
        />
        <button type="submit" class="button primary">
          {messages.run}
        </button>
      </div>
    </form>
  );
}

/** Asks a moment after the last change, and gives up what was asked before. */
function useTried(environment: string, tried: Tried) {
  const [state, setState] = useState<{ answer?: BacktestAnswer; share?: number; failure?: unknown }>({});
  const [round, setRound] = useState(0);
  const asking = useRef<AbortController>(undefined);
  const key = JSON.stringify([environment, tried, round]);
  useEffect(() => {
    if (exprOf(tried) === undefined) return;
    const stop = new AbortController();
    asking.current = stop;
    const ask = async () => {
      setState(({ answer }) => ({ ...(answer && { answer }), share: 0 }));
      try {
        const answer = await tryRule(environment, tried, {
          signal: stop.signal,
          progress: (share) => setState((before) => ({ ...before, share })),
        });
        setState({ answer });
      } catch (failure) {
        if (!stop.signal.aborted) setState({ failure });
      }
    };
    const timer = setTimeout(() => void ask(), pauseMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key]);
  return { ...state, again: () => setRound((before) => before + 1) };
}
