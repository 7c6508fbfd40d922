import type { ApplyBatch } from "@havn/model";
import { useMessages } from "../../kit/context.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";

const icons: Record<ApplyBatch["state"], IconName> = {
  waiting: "unknown",
  running: "starting",
  gate: "starting",
  done: "healthy",
  failed: "unhealthy",
  skipped: "stopped",
};

/** Hosts in the order in which they are taken, each batch with how far it is and what its gate waits for. */
export function Batches({ batches }: { batches: readonly ApplyBatch[] }) {
  const { batches: messages } = useMessages().applies;
  return (
    <section class="panel">
      <h2>{messages.title}</h2>
      <ol class="releases batches" aria-label={messages.label}>
        {batches.map(({ hosts, state, detail }) => (
          <li key={hosts.join()} class={`batch-${state}`}>
            <Icon name={icons[state]} />
            <b>{hosts.join(", ")}</b>
            <span class={state === "failed" ? "bad" : "muted"}>
              {messages.states[state]}
              {detail !== undefined && `: ${detail}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
