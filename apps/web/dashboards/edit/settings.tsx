import type { DashboardProperties, DashboardVariable } from "@havn/model";
import { useState } from "preact/hooks";
import { Icon } from "../../ui/icon.tsx";
import { Dialog } from "../../ui/parts.tsx";
import { useDashboardTexts } from "../texts.ts";
import { Choice, TextField } from "./fields.tsx";

interface SettingsProps {
  dashboard: DashboardProperties;
  change(dashboard: DashboardProperties): void;
  close(): void;
}

/** What a dashboard is called, how far it looks back, and its variables. */
export function Settings({ dashboard, change, close }: SettingsProps) {
  const texts = useDashboardTexts();
  const [draft, setDraft] = useState(dashboard);
  const set = (part: Partial<DashboardProperties>) => setDraft(without({ ...draft, ...part }));
  const variables = draft.variables ?? [];
  const duration = /^(\d+(ms|[smhdwy]))+$/;
  const wrongRange = !duration.test(draft.range);
  const wrongRefresh = draft.refresh !== undefined && !duration.test(draft.refresh);
  const names = variables.map(({ name }) => name);
  const wrongNames = names.some((name, at) => !/^\w{1,64}$/.test(name) || names.indexOf(name) !== at);
  return (
    <Dialog title={texts.settings} close={close} wide>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          if (wrongRange || wrongRefresh || wrongNames) return;
          change(draft);
          close();
        }}
      >
        <div class="field-row">
          <TextField
            label={texts.heading}
            value={draft.title ?? ""}
            onChange={(title) => set({ title: title || undefined })}
          />
          <TextField
            label={texts.description}
            value={draft.description ?? ""}
            onChange={(description) => set({ description: description || undefined })}
          />
        </div>
        <div class="field-row">
          <TextField
            label={texts.range}
            value={draft.range}
            hint="6h"
            wrong={wrongRange}
            onChange={(range) => set({ range })}
          />
          <TextField
            label={texts.refresh}
            value={draft.refresh ?? ""}
            hint="30s"
            wrong={wrongRefresh}
            onChange={(refresh) => set({ refresh: refresh || undefined })}
          />
        </div>
        <fieldset class="variable-forms">
          <legend>{texts.variables}</legend>
          {variables.map((variable, at) => (
            <VariableForm
              key={at}
              variable={variable}
              change={(next) =>
                set({ variables: variables.map((one, index) => (index === at ? next : one)) })
              }
              remove={() => set({ variables: variables.filter((_, index) => index !== at) })}
            />
          ))}
          <button
            type="button"
            class="button small"
            onClick={() =>
              set({
                variables: [
                  ...variables,
                  { kind: "query", name: `name${variables.length + 1}`, query: "label_values(up, job)" },
                ],
              })
            }
          >
            <Icon name="plus" size={14} /> {texts.addVariable}
          </button>
        </fieldset>
        <footer>
          <button type="button" class="button" onClick={close}>
            {texts.cancel}
          </button>
          <button type="submit" class="button primary">
            {texts.apply}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

interface VariableFormProps {
  variable: DashboardVariable;
  change(variable: DashboardVariable): void;
  remove(): void;
}

function VariableForm({ variable, change, remove }: VariableFormProps) {
  const texts = useDashboardTexts();
  const put = (part: object) => change(without({ ...variable, ...part }) as DashboardVariable);
  const choosing = variable.kind === "query" || variable.kind === "custom";
  return (
    <div class="variable-form">
      <div class="field-row">
        <TextField
          label={texts.name}
          value={variable.name}
          wrong={!/^\w{1,64}$/.test(variable.name)}
          onChange={(name) => put({ name })}
        />
        <Choice
          label={texts.variableKind}
          value={variable.kind}
          options={Object.entries(texts.variableKinds) as [DashboardVariable["kind"], string][]}
          onChange={(kind) => change(ofKind(kind, variable))}
        />
        <TextField
          label={texts.label}
          value={variable.label ?? ""}
          onChange={(label) => put({ label: label || undefined })}
        />
        <button
          type="button"
          class="icon-button"
          aria-label={`${texts.remove}: ${variable.name}`}
          onClick={remove}
        >
          <Icon name="close" />
        </button>
      </div>
      {variable.kind === "query" && (
        <div class="field-row">
          <TextField label={texts.query} value={variable.query} onChange={(query) => put({ query })} />
          <TextField
            label={texts.filter}
            value={variable.regex ?? ""}
            hint="/(.*):\d+/"
            onChange={(regex) => put({ regex: regex || undefined })}
          />
        </div>
      )}
      {(variable.kind === "custom" || variable.kind === "interval") && (
        <TextField
          label={texts.values}
          value={variable.options.map((one) => (typeof one === "string" ? one : one.value)).join(", ")}
          onChange={(text) => put({ options: text.split(",").map((one) => one.trim()) })}
        />
      )}
      {variable.kind === "constant" && (
        <TextField label={texts.values} value={variable.value} onChange={(value) => put({ value })} />
      )}
      {choosing && (
        <span class="checks">
          {(["multi", "all"] as const).map((flag) => (
            <label class="check" key={flag}>
              <input
                type="checkbox"
                checked={variable[flag] === true}
                onChange={(event) => put({ [flag]: event.currentTarget.checked || undefined })}
              />
              {flag === "multi" ? texts.multi : texts.withAll}
            </label>
          ))}
        </span>
      )}
    </div>
  );
}

function ofKind(
  kind: DashboardVariable["kind"],
  { name, label, hidden }: DashboardVariable,
): DashboardVariable {
  const common = without({ name, label, hidden });
  switch (kind) {
    case "query":
      return { kind, ...common, query: "label_values(up, job)" };
    case "custom":
      return { kind, ...common, options: [] };
    case "interval":
      return { kind, ...common, options: ["auto", "1m", "10m", "1h"] };
    case "constant":
      return { kind, ...common, value: "" };
    case "text":
      return { kind, ...common };
  }
}

const without = <T extends object>(given: T): T =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
