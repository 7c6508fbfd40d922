import type { OnCallSegment, ScheduleView } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import { ActOutcome, useAct, useMay } from "../../respond/act.tsx";
import { Field, nameOf, Person, Segments } from "../../respond/parts.tsx";
import { fromLocal, toLocal } from "../../respond/time.ts";
import { Dialog } from "../../ui/parts.tsx";

export interface Chosen {
  from: number;
  to: number;
  /** The shift that was clicked; a day has none. */
  segment: OnCallSegment | undefined;
}

type Way = "takeover" | "swap";

/** Someone takes some time over, or stands in for one person; what was made so is taken back here. */
export function OverrideDialog(props: {
  environment: string;
  schedule: string;
  chosen: Chosen;
  view: ScheduleView;
  close(): void;
  saved(said: string): void;
}) {
  const { environment, schedule, chosen, view, close, saved } = props;
  const { api, session } = useApplication();
  const messages = useMessages();
  const { oncall, common } = messages;
  const { may, why } = useMay();
  const act = useAct();
  const me = ownName(view, session.actor);
  const usual = chosen.segment?.person;
  const [way, setWay] = useState<Way>("takeover");
  const [person, setPerson] = useState(me ?? view.people[0]?.name ?? "");
  // What has passed cannot be taken over any more.
  const [span, setSpan] = useState({ from: Math.max(chosen.from, startOfMinute(Date.now())), to: chosen.to });
  const past = chosen.to <= Date.now();
  const made = view.overrides.filter((one) => one.from < chosen.to && one.to > chosen.from);
  const save = () =>
    act.run(() =>
      api.override(
        { environment, name: schedule },
        { ...span, person, ...(way === "swap" && usual !== undefined && { out: usual }) },
      ),
    );
  return (
    <Dialog title={usual === undefined ? oncall.takeOver : oncall.shiftOf(usual)} close={close} wide>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save().then((done) => done && saved(oncall.taken(person)));
        }}
      >
        {chosen.segment && <WhyOnCall segment={chosen.segment} />}
        <Made
          {...{ made }}
          end={(id) =>
            void act.run(() => api.endOverride(id)).then((done) => done && saved(oncall.givenBack))
          }
        />
        {past && <p class="muted">{oncall.past}</p>}
        {!past && usual !== undefined && chosen.segment?.source.kind === "layer" && (
          <Segments
            label={oncall.how}
            value={way}
            options={[
              { value: "takeover", text: oncall.takeOver },
              { value: "swap", text: oncall.standInFor(usual) },
            ]}
            choose={(value) => setWay(value)}
          />
        )}
        {!past && (
          <>
            <Field label={oncall.who}>
              <select value={person} onChange={(event) => setPerson(event.currentTarget.value)}>
                {view.people.map(({ name }) => (
                  <option key={name} value={name}>
                    {name === me ? oncall.you(name) : name}
                  </option>
                ))}
              </select>
            </Field>
            <div class="form-pair">
              <Field label={messages.respond.begins} hint={oncall.yourTime}>
                <input
                  type="datetime-local"
                  value={toLocal(span.from)}
                  onInput={(event) =>
                    setSpan({ ...span, from: fromLocal(event.currentTarget.value) ?? span.from })
                  }
                />
              </Field>
              <Field label={messages.respond.ends}>
                <input
                  type="datetime-local"
                  value={toLocal(span.to)}
                  onInput={(event) =>
                    setSpan({ ...span, to: fromLocal(event.currentTarget.value) ?? span.to })
                  }
                />
              </Field>
            </div>
          </>
        )}
        <ActOutcome act={act} />
        <footer class="form-foot">
          <button type="button" class="button" onClick={close}>
            {past ? common.close : common.cancel}
          </button>
          {!past && (
            <button type="submit" class="button primary" disabled={!may || act.busy} title={why}>
              {way === "swap" ? oncall.swap : oncall.takeOver}
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

const startOfMinute = (at: number) => Math.floor(at / 60_000) * 60_000;

/** What the visitor is called as one who may be on call. */
function ownName({ people }: ScheduleView, actor: string): string | undefined {
  return people.find(({ name, identity }) => identity === actor || name === nameOf(actor))?.name;
}

function WhyOnCall({ segment: { person, from, to, source } }: { segment: OnCallSegment }) {
  const messages = useMessages().oncall;
  const formats = useFormats();
  const because =
    source.kind === "layer"
      ? messages.byLayer(source.layer)
      : source.kind === "swap"
        ? messages.standsIn(source.out)
        : source.kind === "override"
          ? messages.tookOver
          : messages.byFallback;
  return (
    <div class="why-on-call">
      <Person name={person} tone={source.kind === "fallback" ? "bad" : "info"} />
      <p class="muted">
        {formats.dateTime(from)} – {formats.dateTime(to)} · {because}
      </p>
    </div>
  );
}

function Made({ made, end }: { made: ScheduleView["overrides"]; end(id: string): void }) {
  const messages = useMessages().oncall;
  const formats = useFormats();
  const { may, why } = useMay();
  if (made.length === 0) return null;
  return (
    <ul class="plain-list">
      {made.map(({ id, person, out, from, to, createdBy }) => (
        <li key={id}>
          <div>
            <b>{person}</b> {out === null ? messages.tookOver : messages.standsIn(out)}
            <p class="muted">
              {formats.dateTime(from)} – {formats.dateTime(to)} · {nameOf(createdBy)}
            </p>
          </div>
          <button type="button" class="button small" disabled={!may} title={why} onClick={() => end(id)}>
            {messages.takeBack}
          </button>
        </li>
      ))}
    </ul>
  );
}
