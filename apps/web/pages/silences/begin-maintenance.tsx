import { useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../../kit/context.ts";
import type { WantedMaintenance } from "../../kit/respond-api.ts";
import { ActOutcome, useAct } from "../../respond/act.tsx";
import { Preview } from "../../respond/coverage.tsx";
import { parseMatchers, writeMatcher } from "../../respond/matchers.ts";
import { Field, Segments } from "../../respond/parts.tsx";
import { toLocal } from "../../respond/time.ts";
import { Dialog } from "../../ui/parts.tsx";
import { useMaintenancePreview } from "./covered.tsx";

const lengths = ["30m", "1h", "2h", "8h", "24h"] as const;
const repeats = ["once", "DAILY", "WEEKLY", "MONTHLY", "own"] as const;
const weekdays = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

interface Form {
  host: string;
  length: (typeof lengths)[number];
  repeat: (typeof repeats)[number];
  from: string;
  zone: string;
  rrule: string;
  match: string;
  reason: string;
}

/** The rule that the choice stands for, at the day of `from`. */
function ruleOf({ repeat, from, rrule }: Form): string {
  const day = new Date(`${from.slice(0, 10)}T00:00Z`);
  if (repeat === "own") return rrule;
  if (repeat === "WEEKLY") return `FREQ=WEEKLY;BYDAY=${weekdays[day.getUTCDay()] ?? "MO"}`;
  return repeat === "MONTHLY" ? `FREQ=MONTHLY;BYMONTHDAY=${day.getUTCDate()}` : `FREQ=${repeat}`;
}

/** Undefined while it is not whole. */
function wantedOf(environment: string, form: Form): WantedMaintenance | undefined {
  const { host, repeat, from, zone, length } = form;
  const match = parseMatchers(form.match)?.map(writeMatcher);
  if (match === undefined || (repeat !== "once" && (from === "" || ruleOf(form).trim() === "")))
    return undefined;
  return {
    ...{ environment, match },
    ...(host !== "" && { host }),
    ...(repeat !== "once" && { recurring: { rrule: ruleOf(form), from, zone, for: length } }),
  };
}

/** Begins maintenance, once or again and again; when it comes and what it covers is told first. */
export function BeginDialog(props: { environment: string; hosts: string[]; close(): void; begun(): void }) {
  const { api } = useApplication();
  const messages = useMessages();
  const [form, setForm] = useState<Form>(() => ({
    ...{ host: "", length: "1h", repeat: "once", rrule: "FREQ=MONTHLY;BYDAY=2TU", match: "", reason: "" },
    ...{ from: toLocal(Date.now()), zone: Intl.DateTimeFormat().resolvedOptions().timeZone },
  }));
  const change = (part: Partial<Form>) => setForm({ ...form, ...part });
  const act = useAct();
  const wanted = wantedOf(props.environment, form);
  const preview = useMaintenancePreview(wanted);
  const { respond, maintenance } = messages;
  const begin = async () => {
    if (!wanted) return;
    const { length, reason } = form;
    const done = await act.run(() =>
      api.beginMaintenance({ ...wanted, reason, ...(!wanted.recurring && { for: length }) }),
    );
    if (done) props.begun();
  };
  return (
    <Dialog title={maintenance.start} close={props.close} wide>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <p class="muted">{maintenance.detail}</p>
        <Field label={messages.timeline.host}>
          <select value={form.host} onChange={(event) => change({ host: event.currentTarget.value })}>
            <option value="">{maintenance.all}</option>
            {props.hosts.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </Field>
        <div class="form-row">
          <span class="form-label">{maintenance.repeats}</span>
          <Segments
            label={maintenance.repeats}
            value={form.repeat}
            options={repeats.map((value) => ({ value, text: maintenance.repeat[value] }))}
            choose={(repeat) => change({ repeat })}
          />
        </div>
        {form.repeat !== "once" && <Recurring {...{ form, change }} />}
        <div class="form-row">
          <span class="form-label">{respond.howLong}</span>
          <Segments
            label={respond.howLong}
            value={form.length}
            options={lengths.map((value) => ({ value, text: respond.lengths[value] }))}
            choose={(length) => change({ length })}
          />
        </div>
        <Field label={maintenance.matchers} hint={maintenance.matchersHint}>
          <input
            type="text"
            spellcheck={false}
            value={form.match}
            onInput={(event) => change({ match: event.currentTarget.value })}
          />
        </Field>
        <Field label={respond.why}>
          <input
            type="text"
            required
            value={form.reason}
            onInput={(event) => change({ reason: event.currentTarget.value })}
          />
        </Field>
        {form.repeat !== "once" && preview.failure === undefined && <Openings next={preview.next} />}
        <Preview {...preview} />
        <ActOutcome act={act} />
        <footer class="form-foot">
          <button type="button" class="button push" onClick={props.close}>
            {messages.common.cancel}
          </button>
          <button type="submit" class="button primary" disabled={act.busy || !wanted}>
            {maintenance.begin}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function Recurring({ form, change }: { form: Form; change(part: Partial<Form>): void }) {
  const messages = useMessages().maintenance;
  return (
    <>
      {form.repeat === "own" && (
        <Field label={messages.rrule}>
          <input
            type="text"
            spellcheck={false}
            value={form.rrule}
            onInput={(event) => change({ rrule: event.currentTarget.value })}
          />
        </Field>
      )}
      <div class="form-pair">
        <Field label={messages.from}>
          <input
            type="datetime-local"
            value={form.from}
            onInput={(event) => change({ from: event.currentTarget.value })}
          />
        </Field>
        <Field label={messages.zone}>
          <input
            type="text"
            list="zones"
            value={form.zone}
            onInput={(event) => change({ zone: event.currentTarget.value })}
          />
          <datalist id="zones">
            {Intl.supportedValuesOf("timeZone").map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </Field>
      </div>
    </>
  );
}

function Openings({ next }: { next: readonly { from: number; until: number }[] }) {
  const messages = useMessages().maintenance;
  const formats = useFormats();
  return (
    <section aria-label={messages.nextTitle} aria-live="polite">
      <h3>{next.length === 0 ? messages.never : messages.nextTitle}</h3>
      <ul>
        {next.map(({ from, until }) => (
          <li key={from}>
            {formats.dateTime(from)} – {formats.dateTime(until)}
          </li>
        ))}
      </ul>
    </section>
  );
}
