import type { ScheduleView } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import type { OnCallNow } from "../../kit/respond-api.ts";
import { ActOutcome, useAct } from "../../respond/act.tsx";
import { Pick, Segments } from "../../respond/parts.tsx";
import { setSearch } from "../../respond/search.ts";
import { addMonths, momentOf, startOfWeek, wallOf, weeksOfMonth } from "../../respond/zones.ts";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState } from "../../ui/states.tsx";
import { Calendar } from "./calendar.tsx";
import { NowPanel } from "./now.tsx";
import { type Chosen, OverrideDialog } from "./override.tsx";

interface OnCallData {
  schedules: OnCallNow[];
  /** Of the one that is shown. */
  view: ScheduleView | undefined;
}

export interface Shown {
  name: string | undefined;
  kind: "month" | "week";
  /** The zone whose days are drawn. */
  zone: string;
  /** Any wall time within what is shown. */
  wall: number;
}

const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const dayMs = 86_400_000;

function shownOf(query: URLSearchParams, schedules: readonly OnCallNow[]): Shown {
  const wanted = query.get("schedule");
  const found = schedules.find(({ name }) => name === wanted) ?? schedules[0];
  const zone = query.get("zone") === "own" || !found ? ownZone : found.zone;
  const day = Date.parse(`${query.get("at") ?? ""}T12:00:00Z`);
  return {
    ...{ name: found?.name, zone, kind: query.get("view") === "week" ? "week" : "month" },
    wall: Number.isFinite(day) ? day : wallOf(Date.now(), zone),
  };
}

/** Rows of seven days, as wall times. */
export const weeksOf = ({ kind, wall }: Shown): number[] =>
  kind === "week" ? [startOfWeek(wall)] : weeksOfMonth(wall);

export const page = definePage({
  path: "/environments/:environment/oncall",
  nav: { label: "oncall", icon: "calendar", order: 21, key: "o", group: "respond" },
  title: (messages, { environment }) => `${messages.oncall.title} · ${environment}`,
  async load({ api, params: { environment }, query, signal }): Promise<OnCallData> {
    const all = await api.onCall(signal);
    const schedules = all.schedules.filter((one) => one.environment === environment);
    const shown = shownOf(query, schedules);
    if (shown.name === undefined) return { schedules, view: undefined };
    const weeks = weeksOf(shown);
    const [from = 0, last = 0] = [weeks[0], weeks.at(-1)];
    const span = {
      from: momentOf(from, shown.zone),
      to: momentOf(last + 7 * dayMs, shown.zone),
    };
    return { schedules, view: await api.schedule(environment, shown.name, span, signal) };
  },
  live: ({ environment }) => [topics.happened<OnCallData>(environment, /^(schedule|apply)\./)],
  view: ({ data: { schedules, view }, params: { environment }, query, reload }) => {
    const messages = useMessages().oncall;
    const act = useAct();
    const [chosen, setChosen] = useState<Chosen>();
    const shown = shownOf(query, schedules);
    if (!view || shown.name === undefined)
      return (
        <>
          <header class="page-head">
            <h1>{messages.title}</h1>
          </header>
          <EmptyState icon="calendar" title={messages.none} detail={messages.noneDetail} />
        </>
      );
    return (
      <>
        <header class="page-head">
          <h1>{messages.title}</h1>
        </header>
        <NowPanel schedules={schedules} />
        <Bar {...{ schedules, shown, query }} />
        <ActOutcome act={act} />
        <Calendar {...{ view, shown }} choose={setChosen} />
        <Foot view={view} />
        {chosen && (
          <OverrideDialog
            {...{ environment, chosen, view }}
            schedule={shown.name}
            close={() => setChosen(undefined)}
            saved={(said) => {
              setChosen(undefined);
              void act.run(async () => reload(), said);
            }}
          />
        )}
      </>
    );
  },
});

function Bar(props: { schedules: OnCallNow[]; shown: Shown; query: URLSearchParams }) {
  const { schedules, shown, query } = props;
  const { language } = useApplication();
  const messages = useMessages().oncall;
  const zone = schedules.find(({ name }) => name === shown.name)?.zone ?? "UTC";
  const locale = language === "nb" ? "nb-NO" : "en-GB";
  const title = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" });
  const day = (wall: number) => new Date(wall).toISOString().slice(0, 10);
  const move = (steps: number) =>
    setSearch(query, {
      at: day(shown.kind === "week" ? shown.wall + steps * 7 * dayMs : addMonths(shown.wall, steps)),
    });
  return (
    <div class="filter-bar calendar-bar">
      <div class="stepper">
        <button type="button" class="icon-button back" aria-label={messages.before} onClick={() => move(-1)}>
          <Icon name="chevron" />
        </button>
        <h2>{title.format(shown.wall)}</h2>
        <button type="button" class="icon-button" aria-label={messages.after} onClick={() => move(1)}>
          <Icon name="chevron" />
        </button>
        <button type="button" class="button small" onClick={() => setSearch(query, { at: undefined })}>
          {messages.today}
        </button>
      </div>
      {schedules.length > 1 && (
        <Pick
          label={messages.schedule}
          value={shown.name ?? ""}
          options={schedules.map(({ name }) => [name, name] as const)}
          choose={(schedule) => setSearch(query, { schedule })}
        />
      )}
      <Segments
        label={messages.view}
        value={shown.kind}
        options={[
          { value: "month", text: messages.month },
          { value: "week", text: messages.week },
        ]}
        choose={(kind) => setSearch(query, { view: kind === "week" ? "week" : undefined })}
      />
      {zone !== ownZone && (
        <Segments
          label={messages.zone}
          value={query.get("zone") === "own" ? "own" : "schedule"}
          options={[
            { value: "schedule", text: zone },
            { value: "own", text: ownZone },
          ]}
          choose={(which) => setSearch(query, { zone: which === "own" ? "own" : undefined })}
        />
      )}
    </div>
  );
}

/** Where calendar programs find it. */
function Foot({ view }: { view: ScheduleView }) {
  const messages = useMessages().oncall;
  const formats = useFormats();
  const now = Date.now();
  const gaps = view.segments.filter(({ source, to }) => source.kind === "fallback" && to > now);
  return (
    <section class="panel calendar-foot">
      {gaps.length > 0 && (
        <div class="gap-warning">
          <Icon name="warning" />
          <div>
            <b>{messages.gaps(gaps.length)}</b>
            <p>{messages.gapsDetail(view.fallback)}</p>
            <ul>
              {gaps.slice(0, 4).map(({ from, to }) => (
                <li key={from}>
                  {formats.dateTime(from)} – {formats.dateTime(to)}
                </li>
              ))}
              {gaps.length > 4 && <li>+ {gaps.length - 4}</li>}
            </ul>
          </div>
        </div>
      )}
      <p>
        {messages.ical} <code class="command">{location.origin + view.calendar}</code>
      </p>
    </section>
  );
}
