import { useEffect, useState } from "preact/hooks";
import type { Unmanaged } from "../../kit/api.ts";
import { useApplication, useMessages } from "../../kit/context.ts";
import { Panel } from "../../ui/parts.tsx";

/** What nobody declares on the host, by kind. The host is asked once the page is there: it takes a moment. */
export function UnmanagedPanel({ environment, host }: { environment: string; host: string }) {
  const { api } = useApplication();
  const messages = useMessages().host;
  const [found, setFound] = useState<Unmanaged>();
  useEffect(() => {
    const stopping = new AbortController();
    setFound(undefined);
    // A host that cannot be asked just now has nothing to show: the page tells of it elsewhere.
    api.unmanaged(environment, host, stopping.signal).then(setFound, () => undefined);
    return () => stopping.abort();
  }, [environment, host]);
  const count = found?.items.length ?? 0;
  const kinds = Object.entries(Object.groupBy(found?.items ?? [], ({ kind }) => kind));
  return (
    <Panel title={count > 0 ? `${messages.unmanaged} (${count})` : messages.unmanaged}>
      {!found && <p class="note">{messages.unmanagedLooking}</p>}
      {found && count === 0 && <p class="good">{messages.noUnmanaged}</p>}
      {kinds.map(([kind, items = []]) => (
        <details key={kind}>
          <summary>
            {messages.kinds[kind as keyof typeof messages.kinds]} ({items.length})
          </summary>
          <ul>
            {items.map(({ type, name }) => (
              <li key={`${type} ${name}`}>
                <code>{name}</code>
              </li>
            ))}
          </ul>
        </details>
      ))}
      {count > 0 && (
        <p class="mend">
          {messages.adopt} <code class="command">{`./havn adopt ${host} --write ${host}.ts`}</code>
        </p>
      )}
    </Panel>
  );
}
