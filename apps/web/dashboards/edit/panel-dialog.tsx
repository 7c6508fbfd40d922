import type { DashboardPanel, DashboardVariable } from "@havn/model";
import { useEffect, useState } from "preact/hooks";
import { Dialog } from "../../ui/parts.tsx";
import { PanelFrame } from "../panel-frame.tsx";
import type { Variables } from "../template.ts";
import { useDashboardTexts } from "../texts.ts";
import { PanelForm } from "./panel-form.tsx";

/** The form of a panel, with what it shows above it. */
export function PanelDialog(props: {
  panel: DashboardPanel;
  definitions: readonly DashboardVariable[];
  variables: Variables;
  change(panel: DashboardPanel): void;
  close(): void;
}) {
  const texts = useDashboardTexts();
  const [draft, setDraft] = useState(props.panel);
  const whole = { ...draft, queries: draft.queries?.filter(({ expr }) => expr.trim() !== "") };
  const { queries, ...rest } = whole;
  const made: DashboardPanel = queries && queries.length > 0 ? { ...rest, queries } : rest;
  const shown = useSettled(made, 500);
  return (
    <Dialog title={texts.editPanel(draft.title || texts.kinds[draft.kind])} close={props.close} wide>
      {draft.kind !== "row" && (
        <div class="panel-preview">
          <PanelFrame item={{ panel: shown, variables: props.variables, width: 24 }} ready />
        </div>
      )}
      <PanelForm panel={draft} variables={props.definitions} change={setDraft} />
      <footer>
        <button type="button" class="button" onClick={props.close}>
          {texts.cancel}
        </button>
        <button
          type="button"
          class="button primary"
          onClick={() => {
            props.change(made);
            props.close();
          }}
        >
          {texts.apply}
        </button>
      </footer>
    </Dialog>
  );
}

/** A value once it has not changed for a while: half a query is not asked. */
function useSettled<T>(value: T, afterMs: number): T {
  const [settled, setSettled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
