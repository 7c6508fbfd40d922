import type { Plan } from "@havn/model";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../kit/api.ts";
import { useApplication } from "../../kit/context.ts";
import { Change, Dialog } from "../../ui/parts.tsx";

interface RevertProps {
  applyId: string;
  close(): void;
  /** Called with the id of the apply that takes it back. */
  started(applyId: string): void;
}

/** Shows what taking an apply back would do, and what it cannot; then asks. */
export function RevertDialog({ applyId, close, started }: RevertProps) {
  const { api, messages } = useApplication();
  const [plan, setPlan] = useState<Plan>();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const fail = (cause: unknown) =>
    setFailure(
      cause instanceof ApiError && cause.status > 0
        ? `${cause.message}. ${cause.detail}`
        : messages.common.unreachable,
    );
  useEffect(() => {
    const stopping = new AbortController();
    api
      .planRevert(applyId, stopping.signal)
      .then(setPlan)
      .catch((cause: unknown) => stopping.signal.aborted || fail(cause));
    return () => stopping.abort();
  }, [applyId]);
  const revert = async () => {
    if (!plan) return;
    setBusy(true);
    try {
      const { id } = await api.startApply(plan.id);
      close();
      started(id);
    } catch (cause) {
      setBusy(false);
      fail(cause);
    }
  };
  const refused = plan?.diagnostics.some(({ severity }) => severity === "error") ?? false;
  const changes = plan?.changes.filter(({ action }) => action !== "no-op") ?? [];
  return (
    <Dialog title={messages.applies.revertTitle} close={close}>
      <p>{messages.applies.revertDetail}</p>
      {!plan && !failure && <p class="muted">{messages.common.loading}</p>}
      {plan?.diagnostics.map(({ severity, summary, detail }) => (
        <p key={`${summary}${detail}`} class={severity === "error" ? "bad" : "muted"}>
          <b>{summary}.</b> {detail}
        </p>
      ))}
      {plan && changes.length === 0 && <p class="good">{messages.applies.nothing}</p>}
      <div class="scrolls">
        {changes.map((change) => (
          <article class="drifted" key={change.address}>
            <h3>
              <code>{change.address.split("/").slice(1).join("/")}</code>{" "}
              <span class="muted">{messages.applies.actions[change.action]}</span>
            </h3>
            {change.changes.map((one) => (
              <Change key={one.property} change={one} />
            ))}
          </article>
        ))}
      </div>
      {failure && (
        <p class="bad" role="alert">
          {failure}
        </p>
      )}
      <footer>
        <button type="button" class="button" onClick={close}>
          {messages.common.cancel}
        </button>
        <button
          type="button"
          class="button primary"
          disabled={busy || !plan || refused || changes.length === 0}
          onClick={() => void revert()}
        >
          {messages.applies.revert}
        </button>
      </footer>
    </Dialog>
  );
}
