import type { ApplyWait } from "@havn/model";
import { useFormats, useMessages } from "../../kit/context.ts";
import { Icon } from "../../ui/icon.tsx";
import { Ago } from "../../ui/parts.tsx";

/** Hosts that were at work on something else when the apply's turn had come there. */
export function Waits({ waits }: { waits: readonly ApplyWait[] }) {
  const { waits: messages } = useMessages().applies;
  const formats = useFormats();
  return (
    <section class="panel">
      <h2>{messages.title}</h2>
      <ol class="releases batches" aria-label={messages.title}>
        {waits.map((wait) => (
          <li key={`${wait.host} ${wait.since}`}>
            <Icon name={wait.until === undefined ? "starting" : "healthy"} />
            <b>
              {(wait.until === undefined ? messages.busy : messages.was)(wait.host, whatOf(wait, messages))}
            </b>
            <span class="muted">
              {wait.actor !== undefined && `${wait.actor.replace(/^\w+:/, "")} · `}
              {wait.until === undefined ? (
                <Ago at={wait.since} />
              ) : (
                formats.seconds((wait.until - wait.since) / 1000)
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function whatOf(wait: ApplyWait, messages: { enforcement: string; drift: string }): string {
  if (wait.for === "enforcement") return messages.enforcement;
  return wait.for === "a look for drift" ? messages.drift : wait.for;
}
