import { useState } from "preact/hooks";
import { ApiError } from "../kit/api.ts";
import { useApplication, useMessages } from "../kit/context.ts";
import { Icon } from "../ui/icon.tsx";

export type Outcome = { kind: "done"; text: string } | { kind: "failed"; text: string; detail: string };

export interface Act {
  busy: boolean;
  outcome: Outcome | undefined;
  /** Does it, then says so; a failure is told in the server's words. Resolves to whether it was done. */
  run(work: () => Promise<unknown>, said?: string): Promise<boolean>;
  clear(): void;
}

/** Something that a person does here, and what came of it. */
export function useAct(): Act {
  const { common } = useMessages();
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  return {
    ...{ busy, outcome },
    clear: () => setOutcome(undefined),
    async run(work, said) {
      setBusy(true);
      setOutcome(undefined);
      try {
        await work();
        if (said !== undefined) setOutcome({ kind: "done", text: said });
        return true;
      } catch (cause) {
        const failed = cause instanceof ApiError && cause.status > 0;
        setOutcome({
          kind: "failed",
          text: failed ? cause.message : common.unreachable,
          detail: failed ? cause.detail : "",
        });
        return false;
      } finally {
        setBusy(false);
      }
    },
  };
}

export function ActOutcome({ act }: { act: Act }) {
  const { outcome } = act;
  const { common } = useMessages();
  return (
    <div aria-live="polite" class="outcome-place">
      {outcome && (
        <p class={`outcome outcome-${outcome.kind}`}>
          <Icon name={outcome.kind === "done" ? "healthy" : "warning"} />
          <span>
            {outcome.text}
            {outcome.kind === "failed" && outcome.detail && <small>{outcome.detail}</small>}
          </span>
          <button type="button" class="icon-button" aria-label={common.close} onClick={act.clear}>
            <Icon name="close" size={14} />
          </button>
        </p>
      )}
    </div>
  );
}

/** Whether the visitor may change things; what a disabled button says otherwise. */
export function useMay(): { may: boolean; why: string | undefined } {
  const { session, messages } = useApplication();
  const may = session.role !== "viewer";
  return { may, why: may ? undefined : messages.respond.forbidden };
}
