import { useEffect, useState } from "preact/hooks";
import { useApplication, useFormats, useMessages, useNow } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import type { MaintenanceList, SilenceView } from "../../kit/respond-api.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { AlertTabs } from "../../respond/alert-tabs.tsx";
import { fromSilence, writeMatcher } from "../../respond/matchers.ts";
import { Badge, nameOf, Segments } from "../../respond/parts.tsx";
import { setSearch } from "../../respond/search.ts";
import { SilenceForm } from "../../respond/silence-form.tsx";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { MaintenancePanel } from "./maintenance.tsx";

interface SilencesData {
  silences: SilenceView[];
  maintenance: MaintenanceList;
  hosts: string[];
}

const states = ["active", "pending", "expired"] as const;

export const page = definePage({
  path: "/environments/:environment/silences",
  title: (messages, { environment }) => `${messages.respond.silences} · ${environment}`,
  async load({ api, params: { environment }, signal }): Promise<SilencesData> {
    const [silences, maintenance, status] = await Promise.all([
      api.silences(signal),
      api.maintenance(signal),
      api.status(environment, signal),
    ]);
    return { silences, maintenance, hosts: status.hosts.map(({ name }) => name) };
  },
  live: ({ environment }) => [
    topics.changed<SilencesData>("silences"),
    topics.happened<SilencesData>(environment, /^(alert|maintenance)\./),
  ],
  view: ({ data, params: { environment }, query, reload }) => {
    const messages = useMessages().respond;
    const { may, why } = useMay();
    const act = useAct();
    const [form, setForm] = useState<{ known?: SilenceView }>();
    const wanted = states.find((one) => one === query.get("state")) ?? "active";
    const text = (query.get("q") ?? "").toLowerCase();
    const found = data.silences.filter((silence) => textOf(silence).includes(text));
    // A link to one shows it, whatever state it has got into.
    const linked = query.get("silence");
    const shown = found.filter(({ id, status }) => (linked ? id === linked : status.state === wanted));
    return (
      <>
        <header class="page-head">
          <h1>{messages.silences}</h1>
          <AlertTabs environment={environment} current="silences" />
          <button
            type="button"
            class="button primary push"
            disabled={!may}
            title={why}
            onClick={() => setForm({})}
          >
            <Icon name="plus" size={14} /> {messages.newSilence}
          </button>
        </header>
        <search class="filter-bar">
          <input
            type="search"
            data-filter
            aria-label={messages.filterSilences}
            placeholder={messages.filterSilences}
            value={query.get("q") ?? ""}
            onInput={(event) => setSearch(query, { q: event.currentTarget.value })}
          />
          <Segments
            label={messages.state}
            value={linked ? ("" as (typeof states)[number]) : wanted}
            options={states.map((value) => ({
              ...{ value, text: messages.silenceStates[value] },
              count: found.filter(({ status }) => status.state === value).length,
            }))}
            choose={(state) =>
              setSearch(query, { state: state === "active" ? undefined : state, silence: undefined })
            }
          />
        </search>
        <ActOutcome act={act} />
        {shown.length === 0 ? (
          <EmptyState icon="mute" title={messages.noSilences[wanted]} detail={messages.noSilencesDetail} />
        ) : (
          <ul class="silences">
            {shown.map((silence) => (
              <SilenceCard
                key={silence.id}
                {...{ silence, act, reload }}
                edit={() => setForm({ known: silence })}
              />
            ))}
          </ul>
        )}
        <MaintenancePanel {...{ environment, reload }} list={data.maintenance} hosts={data.hosts} />
        {form && (
          <SilenceForm
            matchers={[
              { name: "env", operator: "=", value: environment },
              { name: "alertname", operator: "=", value: "" },
            ]}
            known={form.known}
            close={() => setForm(undefined)}
            saved={() => {
              setForm(undefined);
              reload();
            }}
          />
        )}
      </>
    );
  },
});

const textOf = ({ matchers, comment, createdBy }: SilenceView) =>
  `${matchers.map(fromSilence).map(writeMatcher).join(" ")} ${comment} ${createdBy}`.toLowerCase();

function SilenceCard(props: {
  silence: SilenceView;
  act: ReturnType<typeof useAct>;
  reload(): void;
  edit(): void;
}) {
  const { silence, act, reload } = props;
  const { api } = useApplication();
  const messages = useMessages().respond;
  const formats = useFormats();
  const now = useNow();
  const { may, why } = useMay();
  const { state } = silence.status;
  const [from, to] = [Date.parse(silence.startsAt), Date.parse(silence.endsAt)];
  const covered = useCovered(silence);
  return (
    <li class={`panel silence silence-${state}`}>
      <div class="silence-matchers">
        {silence.matchers.map(fromSilence).map((matcher) => (
          <code key={writeMatcher(matcher)}>{writeMatcher(matcher)}</code>
        ))}
      </div>
      <p>{silence.comment}</p>
      <p class="silence-facts">
        <Badge tone={state === "active" ? "info" : "quiet"}>{messages.silenceStates[state]}</Badge>
        <span title={`${formats.dateTime(from)} – ${formats.dateTime(to)}`}>
          {state === "pending"
            ? messages.beginsIn(formats.ago(from, now))
            : state === "active"
              ? messages.endsIn(formats.ago(to, now))
              : messages.ended(formats.ago(to, now))}
        </span>
        <span>{nameOf(silence.createdBy)}</span>
        {covered !== undefined && state !== "expired" && <b>{messages.coversNow(covered)}</b>}
      </p>
      {state === "active" && (
        <progress max={to - from} value={Math.max(0, now - from)} aria-label={messages.howLong} />
      )}
      <div class="actions">
        <button type="button" class="button small" disabled={!may} title={why} onClick={props.edit}>
          <Icon name="edit" size={13} /> {state === "expired" ? messages.again : messages.edit}
        </button>
        {state !== "expired" && (
          <button
            type="button"
            class="button small"
            disabled={!may || act.busy}
            title={why}
            onClick={() =>
              void act
                .run(() => api.expireSilence(silence.id), messages.silenceEnded)
                .then((done) => done && reload())
            }
          >
            {messages.endNow}
          </button>
        )}
      </div>
    </li>
  );
}

/** How many alerts it covers now. */
function useCovered(silence: SilenceView): number | undefined {
  const { api } = useApplication();
  const [count, setCount] = useState<number>();
  const texts = silence.matchers.map(fromSilence).map(writeMatcher);
  useEffect(() => {
    if (silence.status.state === "expired") return;
    const stopping = new AbortController();
    api.previewSilence(texts, stopping.signal).then(
      ({ alerts }) => setCount(alerts.length),
      // The card is worth seeing without it.
      () => undefined,
    );
    return () => stopping.abort();
  }, [texts.join("\n"), silence]);
  return count;
}
