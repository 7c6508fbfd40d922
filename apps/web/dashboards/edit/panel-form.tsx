import type { DashboardPanel, DashboardTone, DashboardVariable, PanelKind } from "@havn/model";
import { useState } from "preact/hooks";
import { lazy } from "../../kit/lazy.tsx";
import { useMetricTexts } from "../../metrics/texts.ts";
import { unitGroups } from "../../metrics/units.ts";
import { Icon } from "../../ui/icon.tsx";
import { type DashboardTexts, useDashboardTexts } from "../texts.ts";
import { Choice, NumberField, TextField } from "./fields.tsx";

const PromqlEditor = lazy(() => import("../../metrics/editor.tsx"));

interface FormProps {
  panel: DashboardPanel;
  variables: readonly DashboardVariable[];
  change(panel: DashboardPanel): void;
}

const kindsOf = (texts: DashboardTexts) =>
  (Object.entries(texts.kinds) as [PanelKind, string][]).filter(([kind]) => kind !== "row");

/** All that a panel is: what it asks, and how that is shown. */
export function PanelForm({ panel, variables, change }: FormProps) {
  const texts = useDashboardTexts();
  const set = (part: Partial<DashboardPanel>) => change(cleaned({ ...panel, ...part }));
  const repeat = (
    <Choice
      label={texts.repeat}
      value={panel.repeat ?? ""}
      options={[["", texts.repeatNone], ...variables.map(({ name }): [string, string] => [name, `$${name}`])]}
      onChange={(name) => set({ repeat: name || undefined })}
    />
  );
  if (panel.kind === "row")
    return (
      <div class="fields">
        <TextField label={texts.panelTitle} value={panel.title} onChange={(title) => set({ title })} />
        {repeat}
      </div>
    );
  return (
    <div class="fields panel-form">
      <div class="field-row">
        <TextField label={texts.panelTitle} value={panel.title} onChange={(title) => set({ title })} />
        <Choice
          label={texts.kind}
          value={panel.kind}
          options={kindsOf(texts)}
          onChange={(kind) => set({ kind: kind as PanelKind })}
        />
      </div>
      {panel.kind === "text" ? (
        <label>
          <span>{texts.text}</span>
          <textarea
            rows={8}
            value={panel.text ?? ""}
            onInput={(event) => set({ text: event.currentTarget.value })}
          />
        </label>
      ) : (
        <>
          <Queries {...{ panel, set }} />
          <Look {...{ panel, set }} />
          <Thresholds {...{ panel, set }} />
        </>
      )}
      <div class="field-row">
        <TextField
          label={texts.description}
          value={panel.description ?? ""}
          onChange={(description) => set({ description: description || undefined })}
        />
        {repeat}
      </div>
      <AsJson {...{ panel, change }} />
    </div>
  );
}

type SectionProps = { panel: DashboardPanel; set(part: Partial<DashboardPanel>): void };

function Queries({ panel, set }: SectionProps) {
  const texts = useDashboardTexts();
  const metrics = useMetricTexts();
  const queries = panel.queries?.length ? panel.queries : [{ expr: "" }];
  const edit = (at: number, part: Partial<(typeof queries)[number]>) =>
    set({ queries: queries.map((one, index) => (index === at ? { ...one, ...part } : one)) });
  return (
    <fieldset class="panel-queries">
      <legend>{texts.queries}</legend>
      {queries.map((query, at) => (
        <div class="query-row" key={at}>
          <PromqlEditor
            value={query.expr}
            label={metrics.query(at + 1)}
            hint={metrics.hint}
            findings={[]}
            first={false}
            onChange={(expr) => edit(at, { expr })}
            onRun={() => {}}
          />
          <input
            type="text"
            aria-label={metrics.legend(at + 1)}
            placeholder={metrics.legendHint}
            value={query.legend ?? ""}
            onInput={(event) => edit(at, { legend: event.currentTarget.value || undefined })}
          />
          <button
            type="button"
            class="icon-button"
            aria-label={metrics.remove(at + 1)}
            title={metrics.remove(at + 1)}
            onClick={() => set({ queries: queries.filter((_, index) => index !== at) })}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <button type="button" class="button small" onClick={() => set({ queries: [...queries, { expr: "" }] })}>
        <Icon name="plus" size={14} /> {metrics.add}
      </button>
    </fieldset>
  );
}

const pairs = <K extends string>(texts: Record<K, string>) => Object.entries(texts) as [K, string][];

function Look({ panel, set }: SectionProps) {
  const texts = useDashboardTexts();
  const units: [string, string][] = Object.values(unitGroups)
    .flat()
    .map((unit) => [unit, unit]);
  const known = panel.unit === undefined || units.some(([unit]) => unit === panel.unit);
  const overTime = panel.kind === "timeseries";
  return (
    <div class="field-grid">
      <Choice
        label={texts.unit}
        value={panel.unit ?? ""}
        options={[
          ["", texts.unitAuto],
          ...(known ? [] : [[panel.unit ?? "", panel.unit ?? ""] as [string, string]]),
          ...units,
        ]}
        onChange={(unit) => set({ unit: unit || undefined })}
      />
      <NumberField
        label={texts.decimals}
        value={panel.decimals}
        onChange={(decimals) => set({ decimals })}
        whole
      />
      <NumberField label={texts.least} value={panel.min} onChange={(min) => set({ min })} />
      <NumberField label={texts.most} value={panel.max} onChange={(max) => set({ max })} />
      {overTime && (
        <>
          <Choice
            label={texts.stack}
            value={panel.stack ?? "off"}
            options={pairs(texts.stacks)}
            onChange={(stack) => set({ stack: stack === "off" ? undefined : stack })}
          />
          <Choice
            label={texts.line}
            value={panel.line ?? "line"}
            options={pairs(texts.lines)}
            onChange={(line) => set({ line: line === "line" ? undefined : line })}
          />
          <Choice
            label={texts.legend}
            value={panel.legend ?? "list"}
            options={pairs(texts.legends)}
            onChange={(legend) => set({ legend: legend === "list" ? undefined : legend })}
          />
        </>
      )}
      {(panel.kind === "stat" || panel.kind === "gauge" || panel.kind === "bar") && (
        <Choice
          label={texts.reduce}
          value={panel.reduce ?? "last"}
          options={pairs(texts.reductions)}
          onChange={(reduce) => set({ reduce: reduce === "last" ? undefined : reduce })}
        />
      )}
    </div>
  );
}

/** What from which value on is good or bad. */
function Thresholds({ panel, set }: SectionProps) {
  const texts = useDashboardTexts();
  if (panel.kind === "timeseries" || panel.kind === "heatmap") return null;
  const thresholds = panel.thresholds ?? [];
  const put = (next: typeof thresholds) => set({ thresholds: next.length > 0 ? next : undefined });
  const edit = (at: number, part: Partial<(typeof thresholds)[number]>) =>
    put(thresholds.map((one, index) => (index === at ? { ...one, ...part } : one)));
  return (
    <fieldset class="thresholds">
      <legend>{texts.thresholds}</legend>
      {thresholds.map(({ from, tone }, at) => (
        <div class="threshold" key={at}>
          {from === null ? (
            <span class="muted">{texts.base}</span>
          ) : (
            <NumberField
              label={texts.thresholdFrom}
              value={from}
              onChange={(next) => edit(at, { from: next ?? 0 })}
            />
          )}
          <Choice
            label={texts.kind}
            value={tone}
            options={pairs(texts.tones)}
            onChange={(next) => edit(at, { tone: next as DashboardTone })}
          />
          <button
            type="button"
            class="icon-button"
            aria-label={`${texts.remove}: ${texts.thresholds}`}
            onClick={() => put(thresholds.filter((_, index) => index !== at))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      <button
        type="button"
        class="button small"
        onClick={() =>
          put(
            thresholds.length === 0
              ? [
                  { from: null, tone: "good" },
                  { from: 80, tone: "bad" },
                ]
              : [...thresholds, { from: (thresholds.at(-1)?.from ?? 0) + 10, tone: "bad" }],
          )
        }
      >
        <Icon name="plus" size={14} /> {texts.addThreshold}
      </button>
    </fieldset>
  );
}

/** Also what the form has no field for: overrides, mappings, links. The server says what does not fit. */
function AsJson({ panel, change }: Pick<FormProps, "panel" | "change">) {
  const texts = useDashboardTexts();
  const [text, setText] = useState<string>();
  const [wrong, setWrong] = useState(false);
  const take = () => {
    if (text === undefined) return;
    try {
      const read = JSON.parse(text) as DashboardPanel;
      if (typeof read !== "object" || read === null || Array.isArray(read) || !(read.kind in texts.kinds))
        throw new TypeError();
      change({ ...read, title: String(read.title ?? "") });
      setText(undefined);
      setWrong(false);
    } catch {
      setWrong(true);
    }
  };
  return (
    <details>
      <summary>{texts.advanced}</summary>
      <textarea
        class="json"
        rows={12}
        spellcheck={false}
        aria-label={texts.advanced}
        aria-invalid={wrong}
        value={text ?? JSON.stringify(panel, undefined, 2)}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {wrong && <p class="bad">{texts.jsonWrong}</p>}
      <button type="button" class="button small" disabled={text === undefined} onClick={take}>
        {texts.apply}
      </button>
    </details>
  );
}

/** Without what is undefined: as it comes back from the server. */
const cleaned = (panel: DashboardPanel): DashboardPanel =>
  Object.fromEntries(Object.entries(panel).filter(([, value]) => value !== undefined)) as DashboardPanel;
