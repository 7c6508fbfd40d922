import type { OnCallSegment, ScheduleView } from "@havn/model";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { momentOf, shareOf, startOfDay, wallOf } from "../../respond/zones.ts";
import { Icon } from "../../ui/icon.tsx";
import { type Shown, weeksOf } from "./index.tsx";
import type { Chosen } from "./override.tsx";

const dayMs = 86_400_000;
const days = [0, 1, 2, 3, 4, 5, 6];

interface CalendarProps {
  view: ScheduleView;
  shown: Shown;
  choose(chosen: Chosen): void;
}

/** Weeks as rows, shifts as bars in them; a week alone shows its layers too. Each bar and each day can be taken over. */
export function Calendar({ view, shown, choose }: CalendarProps) {
  const { language } = useApplication();
  const messages = useMessages().oncall;
  const locale = language === "nb" ? "nb-NO" : "en-GB";
  const weekday = new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" });
  const weeks = weeksOf(shown);
  const people = [...new Set(view.people.map(({ name }) => name))].sort();
  const colorOf = (person: string) => Math.max(0, people.indexOf(person)) % 12;
  return (
    <section class="panel flush calendar" aria-label={messages.calendar}>
      <div class="calendar-days" aria-hidden="true">
        {days.map((day) => (
          <span key={day}>{weekday.format((weeks[0] ?? 0) + day * dayMs)}</span>
        ))}
      </div>
      {weeks.map((week) => (
        <Week key={week} {...{ week, view, shown, choose, colorOf }} />
      ))}
    </section>
  );
}

function Week(props: CalendarProps & { week: number; colorOf(person: string): number }) {
  const { week, view, shown, choose, colorOf } = props;
  const { language } = useApplication();
  const messages = useMessages().oncall;
  const locale = language === "nb" ? "nb-NO" : "en-GB";
  const long = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", timeZone: "UTC" });
  const today = startOfDay(wallOf(Date.now(), shown.zone));
  const month = new Date(shown.wall).getUTCMonth();
  const row = { from: momentOf(week, shown.zone), to: momentOf(week + 7 * dayMs, shown.zone) };
  return (
    <div class="calendar-week">
      <div class="calendar-dates">
        {days.map((n) => {
          const day = week + n * dayMs;
          const other = shown.kind === "month" && new Date(day).getUTCMonth() !== month;
          const span = { from: momentOf(day, shown.zone), to: momentOf(day + dayMs, shown.zone) };
          return (
            <button
              type="button"
              key={day}
              class={`calendar-date${day === today ? " is-today" : ""}${other ? " is-other" : ""}`}
              aria-label={messages.takeDay(long.format(day))}
              onClick={() => choose({ ...span, segment: undefined })}
            >
              {new Date(day).getUTCDate()}
            </button>
          );
        })}
      </div>
      <Bars label={messages.onCall} segments={view.segments} {...{ row, choose, colorOf }} />
      {shown.kind === "week" &&
        view.layers.map(({ name, segments }) => (
          <div key={name} class="calendar-layer">
            <span class="layer-name">{name}</span>
            <Bars label={messages.layer(name)} {...{ segments, row, choose, colorOf }} quiet />
          </div>
        ))}
    </div>
  );
}

function Bars(props: {
  label: string;
  segments: readonly OnCallSegment[];
  row: { from: number; to: number };
  quiet?: boolean;
  choose(chosen: Chosen): void;
  colorOf(person: string): number;
}) {
  const { row, choose, colorOf } = props;
  const messages = useMessages().oncall;
  const formats = useFormats();
  return (
    <ul class={props.quiet ? "calendar-bars quiet" : "calendar-bars"} aria-label={props.label}>
      {props.segments.map((segment) => {
        const share = shareOf(segment, row);
        if (!share) return null;
        const { person, from, to, source } = segment;
        const gap = source.kind === "fallback";
        const when = `${formats.dateTime(from)} – ${formats.dateTime(to)}`;
        return (
          <li key={from} style={{ left: `${share.left * 100}%`, width: `${share.width * 100}%` }}>
            <button
              type="button"
              class={`shift source-${source.kind} series-edge-${colorOf(person)}`}
              title={`${person}, ${when}`}
              aria-label={messages.shift(person, when)}
              onClick={() => choose({ from, to, segment })}
            >
              {gap && <Icon name="warning" size={12} />}
              {(source.kind === "override" || source.kind === "swap") && <Icon name="rollback" size={12} />}
              <span>{person}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
