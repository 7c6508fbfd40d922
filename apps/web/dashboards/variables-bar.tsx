import type { DashboardVariable } from "@havn/model";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../ui/icon.tsx";
import { all, type Chosen } from "./template.ts";
import { useDashboardTexts } from "./texts.ts";
import type { VariablesState } from "./use-variables.ts";
import type { Option } from "./variables.ts";

interface VariablesBarProps {
  definitions: readonly DashboardVariable[];
  state: VariablesState;
  choices: ReadonlyMap<string, readonly string[]>;
  choose(name: string, values: readonly string[]): void;
}

/** The choices of a dashboard. */
export function VariablesBar({ definitions, state, choices, choose }: VariablesBarProps) {
  const shown = definitions.filter(({ hidden, kind }) => !hidden && kind !== "constant");
  if (shown.length === 0) return null;
  return (
    <div class="variables">
      {shown.map((variable) => (
        <div class="variable" key={variable.name}>
          <span id={`label-${variable.name}`}>{variable.label ?? variable.name}</span>
          <Picker
            variable={variable}
            options={state.options.get(variable.name) ?? []}
            chosen={state.variables?.get(variable.name)}
            address={choices.get(variable.name)}
            choose={(values) => choose(variable.name, values)}
          />
        </div>
      ))}
    </div>
  );
}

interface PickerProps {
  variable: DashboardVariable;
  options: readonly Option[];
  chosen: Chosen | undefined;
  address: readonly string[] | undefined;
  choose(values: readonly string[]): void;
}

function Picker(props: PickerProps) {
  const { variable, options, chosen, address, choose } = props;
  const texts = useDashboardTexts();
  const label = texts.variable(variable.label ?? variable.name);
  if (variable.kind === "text") return <TextPicker {...{ label, chosen, choose }} />;
  if ((variable.kind === "query" || variable.kind === "custom") && (variable.multi || options.length > 12))
    return <ManyPicker {...props} variable={variable} label={label} />;
  const value =
    variable.kind === "interval"
      ? (address?.[0] ?? variable.default ?? options[0]?.value ?? "")
      : (chosen?.values[0] ?? "");
  const withAll = (variable.kind === "query" || variable.kind === "custom") && variable.all;
  const unknown = value !== "" && value !== all && !options.some((one) => one.value === value);
  return (
    <select aria-label={label} value={value} onChange={(event) => choose([event.currentTarget.value])}>
      {withAll && <option value={all}>{texts.all}</option>}
      {unknown && <option value={value}>{value}</option>}
      {options.length === 0 && !unknown && <option value="">{texts.noOptions}</option>}
      {options.map((one) => (
        <option key={one.value} value={one.value}>
          {one.text}
        </option>
      ))}
    </select>
  );
}

function TextPicker({ label, chosen, choose }: { label: string } & Pick<PickerProps, "chosen" | "choose">) {
  const value = chosen?.values[0] ?? "";
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <input
      type="text"
      aria-label={label}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onChange={() => text !== value && choose([text])}
    />
  );
}

const mostShown = 200;

/** Many to choose from, or several at once: a list with a filter that opens under a button. */
function ManyPicker(
  props: PickerProps & {
    label: string;
    variable: { multi?: boolean | undefined; all?: boolean | undefined };
  },
) {
  const { options, chosen, choose, label, variable } = props;
  const texts = useDashboardTexts();
  const element = useRef<HTMLDetailsElement>(null);
  const [filter, setFilter] = useState("");
  const [draft, setDraft] = useState<readonly string[]>();
  const values = draft ?? chosen?.values ?? [];
  useCloseOutside(element);
  const textOf = (value: string) =>
    value === all ? texts.all : (options.find((one) => one.value === value)?.text ?? value);
  const settle = () => {
    setFilter("");
    if (draft && draft.length > 0) choose(draft);
    setDraft(undefined);
  };
  const pick = (value: string) => {
    if (!variable.multi) {
      element.current?.removeAttribute("open");
      choose([value]);
    } else if (value === all) setDraft(values.includes(all) ? [] : [all]);
    else {
      const others = values.filter((one) => one !== all);
      setDraft(others.includes(value) ? others.filter((one) => one !== value) : [...others, value]);
    }
  };
  const listed = options.filter(({ text }) => text.toLowerCase().includes(filter.toLowerCase()));
  const summary =
    values.length === 0
      ? "–"
      : values.length <= 2
        ? values.map(textOf).join(", ")
        : texts.chosen(values.length);
  return (
    <details ref={element} class="picker" onToggle={(event) => !event.currentTarget.open && settle()}>
      <summary aria-label={`${label}: ${summary}`}>
        <span>{summary}</span> <Icon name="chevron" size={12} />
      </summary>
      <div class="picker-list">
        {options.length > 8 && (
          <input
            type="search"
            aria-label={texts.filter}
            placeholder={texts.filter}
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        )}
        <ul>
          {[...(variable.all ? [{ value: all, text: texts.all }] : []), ...listed.slice(0, mostShown)].map(
            (one) => (
              <li key={one.value}>
                <label>
                  <input
                    type={variable.multi ? "checkbox" : "radio"}
                    checked={values.includes(one.value)}
                    onChange={() => pick(one.value)}
                  />
                  {one.text}
                </label>
              </li>
            ),
          )}
        </ul>
        {options.length === 0 && <p class="muted">{texts.noOptions}</p>}
      </div>
    </details>
  );
}

/** Closes on Escape, and on a click or focus elsewhere. */
function useCloseOutside(element: { current: HTMLDetailsElement | null }): void {
  useEffect(() => {
    const close = (event: Event) => {
      const { current } = element;
      if (!current?.open) return;
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !current.contains(event.target as Node)) {
        current.open = false;
        if (event instanceof KeyboardEvent) current.querySelector("summary")?.focus();
      }
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("focusin", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("focusin", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
}
