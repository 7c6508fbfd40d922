import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../kit/api.ts";
import { useApplication, useMessages } from "../kit/context.ts";
import type { SilenceView } from "../kit/respond-api.ts";
import { Icon } from "../ui/icon.tsx";
import { Dialog } from "../ui/parts.tsx";
import { ActOutcome, useAct } from "./act.tsx";
import { Preview, type PreviewState } from "./coverage.tsx";
import { fromSilence, type Matcher, type Operator, operators, toSilence, writeMatcher } from "./matchers.ts";
import { Field, Segments } from "./parts.tsx";
import { fromLocal, toLocal } from "./time.ts";

const lengths = ["30m", "1h", "2h", "8h", "24h", "168h"] as const;
const hourMs = 3_600_000;
const lengthMs = { "30m": hourMs / 2, "1h": hourMs, "2h": 2 * hourMs, "8h": 8 * hourMs } as const;
const msOf = (length: (typeof lengths)[number]): number =>
  length === "24h" ? 24 * hourMs : length === "168h" ? 168 * hourMs : lengthMs[length];

/** Makes a silence, or changes one; says what it would cover before it is kept. */
export function SilenceForm(props: {
  matchers: readonly Matcher[];
  /** One that is changed. */
  known?: SilenceView | undefined;
  close(): void;
  saved(): void;
}) {
  const { api, session, formats } = useApplication();
  const messages = useMessages().respond;
  const { common } = useMessages();
  const { known } = props;
  const [matchers, setMatchers] = useState<Matcher[]>(
    known ? known.matchers.map(fromSilence) : props.matchers.length > 0 ? [...props.matchers] : [blank],
  );
  const [length, setLength] = useState<(typeof lengths)[number] | "own">(known ? "own" : "2h");
  const [span, setSpan] = useState(() => ({
    from: known ? Date.parse(known.startsAt) : Date.now(),
    to: known ? Date.parse(known.endsAt) : Date.now() + 2 * hourMs,
  }));
  const [comment, setComment] = useState(known?.comment ?? "");
  const act = useAct();
  const whole = matchers.filter(({ name }) => name.trim() !== "");
  const preview = usePreview(whole);
  const save = async () => {
    const now = Date.now();
    const { from, to } = length === "own" ? span : { from: now, to: now + msOf(length) };
    const done = await act.run(() =>
      api.silence({
        ...(known && known.status.state !== "expired" ? { id: known.id } : {}),
        ...{ matchers: whole.map(toSilence), comment, createdBy: known?.createdBy ?? session.actor },
        ...{ startsAt: new Date(from).toISOString(), endsAt: new Date(to).toISOString() },
      }),
    );
    if (done) props.saved();
  };
  return (
    <Dialog title={known ? messages.editSilence : messages.newSilence} close={props.close} wide>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <MatcherRows {...{ matchers, setMatchers }} />
        <div class="form-row">
          <span class="form-label">{messages.howLong}</span>
          <Segments
            label={messages.howLong}
            value={length}
            options={[
              ...lengths.map((value) => ({ value, text: messages.lengths[value] })),
              { value: "own" as const, text: messages.ownTimes },
            ]}
            choose={(value) => setLength(value)}
          />
        </div>
        {length === "own" && (
          <div class="form-pair">
            <Field label={messages.begins}>
              <input
                type="datetime-local"
                value={toLocal(span.from)}
                onInput={(event) =>
                  setSpan({ ...span, from: fromLocal(event.currentTarget.value) ?? span.from })
                }
              />
            </Field>
            <Field label={messages.ends}>
              <input
                type="datetime-local"
                value={toLocal(span.to)}
                onInput={(event) => setSpan({ ...span, to: fromLocal(event.currentTarget.value) ?? span.to })}
              />
            </Field>
          </div>
        )}
        <Field label={messages.why}>
          <input
            type="text"
            required
            value={comment}
            placeholder={messages.whyExample}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </Field>
        <Preview {...preview} />
        <ActOutcome act={act} />
        <footer class="form-foot">
          <span class="muted">
            {length !== "own" && messages.untilTime(formats.dateTime(Date.now() + msOf(length)))}
          </span>
          <button type="button" class="button" onClick={props.close}>
            {common.cancel}
          </button>
          <button type="submit" class="button primary" disabled={act.busy || whole.length === 0}>
            {known ? messages.save : messages.silenceNow(preview.covered?.alerts.length ?? 0)}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

const blank: Matcher = { name: "", operator: "=", value: "" };

function MatcherRows(props: { matchers: Matcher[]; setMatchers(next: Matcher[]): void }) {
  const { matchers, setMatchers } = props;
  const messages = useMessages().respond;
  const change = (at: number, more: Partial<Matcher>) =>
    setMatchers(matchers.map((one, n) => (n === at ? { ...one, ...more } : one)));
  return (
    <fieldset class="matchers">
      <legend>{messages.covers}</legend>
      {matchers.map((one, at) => (
        <div class="matcher" key={at}>
          <input
            type="text"
            aria-label={messages.label}
            placeholder={messages.label}
            value={one.name}
            onInput={(event) => change(at, { name: event.currentTarget.value })}
          />
          <select
            aria-label={messages.operator}
            value={one.operator}
            onChange={(event) => change(at, { operator: event.currentTarget.value as Operator })}
          >
            {operators.map((operator) => (
              <option key={operator}>{operator}</option>
            ))}
          </select>
          <input
            type="text"
            aria-label={messages.value}
            placeholder={messages.value}
            value={one.value}
            onInput={(event) => change(at, { value: event.currentTarget.value })}
          />
          <button
            type="button"
            class="icon-button"
            aria-label={messages.removeMatcher(one.name)}
            onClick={() => setMatchers(matchers.filter((_, n) => n !== at))}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
      <button type="button" class="link" onClick={() => setMatchers([...matchers, blank])}>
        <Icon name="plus" size={13} /> {messages.addMatcher}
      </button>
    </fieldset>
  );
}

/** What the matchers cover now, asked a moment after the last key. */
function usePreview(matchers: readonly Matcher[]): PreviewState {
  const { api } = useApplication();
  const { common } = useMessages();
  const [state, setState] = useState<PreviewState>({ covered: undefined, failure: undefined });
  const texts = matchers.map(writeMatcher);
  useEffect(() => {
    if (texts.length === 0) return setState({ covered: undefined, failure: undefined });
    const stopping = new AbortController();
    const timer = setTimeout(() => {
      api.previewSilence(texts, stopping.signal).then(
        (covered) => setState({ covered, failure: undefined }),
        (cause: unknown) => {
          if (stopping.signal.aborted) return;
          const told = cause instanceof ApiError && cause.status > 0 ? cause.message : common.unreachable;
          setState({ covered: undefined, failure: told });
        },
      );
    }, 150);
    return () => {
      clearTimeout(timer);
      stopping.abort();
    };
  }, [texts.join("\n")]);
  return state;
}
