import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../kit/api.ts";
import { useApplication, useMessages } from "../../kit/context.ts";
import type { Opening, WantedMaintenance } from "../../kit/respond-api.ts";
import { Preview, type PreviewState } from "../../respond/coverage.tsx";

const pauseMs = 200;

/** What maintenance holds back now, asked when somebody wants to know. */
export function Covered({ wanted }: { wanted: WantedMaintenance }) {
  const messages = useMessages().maintenance;
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="link" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? messages.hide : messages.covers}
      </button>
      {open && <Asked wanted={wanted} />}
    </>
  );
}

function Asked({ wanted }: { wanted: WantedMaintenance }) {
  const { covered, failure } = useMaintenancePreview(wanted);
  return <Preview {...{ covered, failure }} />;
}

/** When it would be open next and what it would cover, asked a moment after the last change. */
export function useMaintenancePreview(wanted: WantedMaintenance | undefined) {
  const { api } = useApplication();
  const { common } = useMessages();
  const [state, setState] = useState<PreviewState & { next: Opening[] }>({
    ...{ covered: undefined, failure: undefined, next: [] },
  });
  const key = JSON.stringify(wanted);
  useEffect(() => {
    if (!wanted) return;
    const stopping = new AbortController();
    const timer = setTimeout(() => {
      api.previewMaintenance(wanted, stopping.signal).then(
        ({ next, covers }) => setState({ next, covered: covers, failure: undefined }),
        (cause: unknown) => {
          if (stopping.signal.aborted) return;
          const told =
            cause instanceof ApiError && cause.status > 0
              ? [cause.message, cause.detail].filter((text) => text !== "").join(": ")
              : common.unreachable;
          setState({ next: [], covered: undefined, failure: told });
        },
      );
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      stopping.abort();
    };
  }, [key]);
  return state;
}
