import { useEffect, useState } from "preact/hooks";
import { type ExploreState, views } from "../../metrics/explore-state.ts";
import { markKinds } from "../../metrics/marks.ts";
import { useMetricTexts } from "../../metrics/texts.ts";
import { guessUnit, unitGroups } from "../../metrics/units.ts";
import { parseSeconds, writeSeconds } from "../../metrics/window.ts";

interface OptionsProps {
  state: ExploreState;
  /** What is asked for now, in seconds. */
  step: number;
  go(change: Partial<ExploreState>): void;
}

/** How the answers are shown. */
export function Options({ state, step, go }: OptionsProps) {
  const texts = useMetricTexts();
  const drawn = state.view === "graph" || state.view === "stacked";
  const toggle = (label: string, on: boolean, change: Partial<ExploreState>) => (
    <label class="check">
      <input type="checkbox" checked={on} onChange={() => go(change)} /> {label}
    </label>
  );
  return (
    <>
      <fieldset class="segments" aria-label={texts.view}>
        {views.map((view) => (
          <button type="button" key={view} aria-pressed={state.view === view} onClick={() => go({ view })}>
            {texts.views[view]}
          </button>
        ))}
      </fieldset>
      <UnitPicker state={state} go={go} />
      {state.view !== "table" && <StepField step={step} chosen={state.step} go={go} />}
      {drawn && toggle(texts.logarithmic, state.logarithmic, { logarithmic: !state.logarithmic })}
      {state.view !== "table" && (
        <>
          {toggle(texts.exemplars, state.exemplars, { exemplars: !state.exemplars })}
          <fieldset class="checks" aria-label={texts.marks}>
            {markKinds.map((kind) =>
              toggle(texts.markKinds[kind], state.marks.includes(kind), {
                marks: markKinds.filter((one) => state.marks.includes(one) !== (one === kind)),
              }),
            )}
          </fieldset>
        </>
      )}
    </>
  );
}

/** The unit that is chosen, or what the names of the metrics say. */
export const unitName = ({ unit, queries }: ExploreState): string =>
  unit ?? queries.map(({ expr }) => guessUnit(expr)).find((one) => one !== undefined) ?? "short";

function UnitPicker({ state, go }: Omit<OptionsProps, "step">) {
  const texts = useMetricTexts();
  const groups = Object.entries(unitGroups) as [keyof typeof unitGroups, readonly string[]][];
  const known = groups.some(([, names]) => names.includes(state.unit ?? "none"));
  return (
    <label>
      <span class="visually-hidden">{texts.unit}</span>
      <select
        aria-label={texts.unit}
        value={state.unit ?? ""}
        onChange={(event) => go({ unit: event.currentTarget.value || undefined })}
      >
        <option value="">{texts.unitByName(unitName({ ...state, unit: undefined }))}</option>
        {!known && <option value={state.unit}>{state.unit}</option>}
        {groups.map(([group, names]) => (
          <optgroup key={group} label={texts.unitGroups[group]}>
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function StepField(props: { step: number; chosen: number | undefined; go: OptionsProps["go"] }) {
  const texts = useMetricTexts();
  const shown = props.chosen === undefined ? "" : writeSeconds(props.chosen);
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  const seconds = parseSeconds(text);
  const wrong = text !== "" && !seconds;
  return (
    <input
      type="text"
      class="step-field"
      aria-label={texts.step}
      aria-invalid={wrong}
      title={wrong ? texts.noDuration : texts.step}
      placeholder={texts.stepHint(writeSeconds(props.step))}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onChange={() => !wrong && props.go({ step: seconds || undefined })}
    />
  );
}
