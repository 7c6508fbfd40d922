import { useState } from "preact/hooks";
import { useFormats, useMessages } from "../kit/context.ts";
import { Icon } from "../ui/icon.tsx";
import { Dialog } from "../ui/parts.tsx";
import { useMetricTexts } from "./texts.ts";
import { parseSeconds, type TimeChoice, writeSeconds } from "./window.ts";

const quick = [300, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 7_776_000];
const refreshes = [0, 5, 10, 30, 60, 300];

export interface RangeBarProps {
  time: TimeChoice;
  onTime(time: TimeChoice): void;
  refresh: number;
  onRefresh(seconds: number): void;
}

/** Which stretch of time is looked at, and how often it is looked at anew. */
export function RangeBar({ time, onTime, refresh, onRefresh }: RangeBarProps) {
  const texts = useMetricTexts();
  const [open, setOpen] = useState(false);
  return (
    <div class="range-bar">
      <button
        type="button"
        class="icon-button"
        aria-label={texts.earlier}
        title={`${texts.earlier} ([)`}
        onClick={() => onTime(moved(time, -0.5))}
      >
        <span class="flip">
          <Icon name="chevron" />
        </span>
      </button>
      <button type="button" class="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <RangeText time={time} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={texts.later}
        title={`${texts.later} (])`}
        onClick={() => onTime(moved(time, 0.5))}
      >
        <Icon name="chevron" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={texts.zoomOut}
        title={`${texts.zoomOut} (-)`}
        onClick={() => onTime(widened(time))}
      >
        <Icon name="zoomOut" />
      </button>
      <label>
        <span class="visually-hidden">{texts.refresh}</span>
        <select
          aria-label={texts.refresh}
          value={String(refresh)}
          disabled={time.kind === "fixed"}
          onChange={(event) => onRefresh(Number(event.currentTarget.value))}
        >
          {[...new Set([...refreshes, refresh])]
            .sort((a, b) => a - b)
            .map((seconds) => (
              <option key={seconds} value={String(seconds)}>
                {seconds === 0 ? texts.refreshOff : texts.every(writeSeconds(seconds))}
              </option>
            ))}
        </select>
      </label>
      {open && (
        <RangeDialog
          time={time}
          close={() => setOpen(false)}
          choose={(next) => {
            setOpen(false);
            onTime(next);
          }}
        />
      )}
    </div>
  );
}

export function RangeText({ time }: { time: TimeChoice }) {
  const texts = useMetricTexts();
  const formats = useFormats();
  return time.kind === "last" ? (
    <span>{texts.last(writeSeconds(time.seconds))}</span>
  ) : (
    <span>
      {formats.dateTime(time.start * 1000)} – {formats.dateTime(time.end * 1000)}
    </span>
  );
}

function RangeDialog(props: { time: TimeChoice; close(): void; choose(time: TimeChoice): void }) {
  const texts = useMetricTexts();
  const { common } = useMessages();
  const now = Date.now() / 1000;
  const given = props.time.kind === "fixed" ? props.time : { start: now - props.time.seconds, end: now };
  const [from, setFrom] = useState(localText(given.start));
  const [to, setTo] = useState(localText(given.end));
  const [own, setOwn] = useState("");
  const [start, end] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
  const seconds = parseSeconds(own);
  const submit = (event: Event) => {
    event.preventDefault();
    if (own !== "") {
      if (seconds) props.choose({ kind: "last", seconds });
    } else if (end > start) props.choose({ kind: "fixed", start, end });
  };
  return (
    <Dialog title={texts.range} close={props.close}>
      <div class="quick-ranges">
        {quick.map((one) => (
          <button
            key={one}
            type="button"
            class="button small"
            onClick={() => props.choose({ kind: "last", seconds: one })}
          >
            {texts.last(writeSeconds(one))}
          </button>
        ))}
      </div>
      <form class="fields" onSubmit={submit}>
        <Moment label={texts.from} value={from} onChange={setFrom} />
        <Moment label={texts.to} value={to} onChange={setTo} />
        <label>
          <span>{texts.ownRange}</span>
          <input
            type="text"
            placeholder="2h30m"
            value={own}
            aria-invalid={own !== "" && !seconds}
            onInput={(event) => setOwn(event.currentTarget.value)}
          />
        </label>
        {own === "" && !(end > start) && <p class="bad">{texts.rangeBackwards}</p>}
        {own !== "" && !seconds && <p class="bad">{texts.noDuration}</p>}
        <footer>
          <button type="button" class="button" onClick={props.close}>
            {common.cancel}
          </button>
          <button type="submit" class="button primary">
            {texts.apply}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Moment(props: { label: string; value: string; onChange(value: string): void }) {
  return (
    <label>
      <span>{props.label}</span>
      <input
        type="datetime-local"
        step="1"
        value={props.value}
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
    </label>
  );
}

/** As `datetime-local` has it: local time without a zone. */
function localText(seconds: number): string {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

const bounds = (time: TimeChoice) =>
  time.kind === "fixed" ? time : { start: Date.now() / 1000 - time.seconds, end: Date.now() / 1000 };

/** Earlier or later by a part of its length. */
export function moved(time: TimeChoice, part: number): TimeChoice {
  const { start, end } = bounds(time);
  const by = (end - start) * part;
  return { kind: "fixed", start: start + by, end: end + by };
}

/** Twice as long, around the same middle; a stretch up to now keeps its end. */
export function widened(time: TimeChoice): TimeChoice {
  if (time.kind === "last") return { kind: "last", seconds: time.seconds * 2 };
  const half = (time.end - time.start) / 2;
  return { kind: "fixed", start: time.start - half, end: time.end + half };
}
