import type { Runbook } from "@havn/model";
import { useState } from "preact/hooks";
import { useApplication, useMessages } from "../../kit/context.ts";
import { navigate, pathTo } from "../../kit/router.ts";
import { ActOutcome, useAct } from "../../respond/act.tsx";
import { Field } from "../../respond/parts.tsx";
import { Dialog } from "../../ui/parts.tsx";

/** Starts a runbook, with other arguments than declared where wanted; a dry run is what Enter does. */
export function StartDialog({ runbook, close }: { runbook: Runbook; close(): void }) {
  const { api } = useApplication();
  const { runbooks, common } = useMessages();
  const act = useAct();
  const declared = JSON.stringify(runbook.with, undefined, 2);
  const [text, setText] = useState(declared);
  const given = parsed(text);
  const start = (dryRun: boolean) =>
    void act.run(async () => {
      const { id, environment } = await api.startRunbook(runbook, {
        ...{ dryRun },
        ...(text !== declared && given !== undefined && { with: given }),
      });
      close();
      navigate(pathTo("/environments/:environment/runbook-runs/:run", { environment, run: id }));
    });
  return (
    <Dialog title={runbooks.startTitle(runbook.name)} close={close} wide>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          start(true);
        }}
      >
        {runbook.description !== null && <p>{runbook.description}</p>}
        {Object.keys(runbook.with).length > 0 && (
          <Field label={runbooks.arguments} hint={given === undefined ? runbooks.noJson : undefined}>
            <textarea
              class="code"
              rows={Math.min(14, text.split("\n").length + 1)}
              spellcheck={false}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </Field>
        )}
        <p class="muted">{runbooks.dryRunDetail}</p>
        <ActOutcome act={act} />
        <footer class="form-foot">
          <button type="button" class="button" onClick={close}>
            {common.cancel}
          </button>
          <button
            type="button"
            class="button"
            disabled={act.busy || given === undefined}
            onClick={() => start(false)}
          >
            {runbooks.startNow}
          </button>
          <button type="submit" class="button primary" disabled={act.busy || given === undefined}>
            {runbooks.tryDry}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Undefined for what is no JSON object. */
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
