import type { Messages } from "../i18n/index.ts";
import { Icon } from "../ui/icon.tsx";

/** Before anything is known of the visitor, the server must answer. */
export function Unreachable({ messages, retry }: { messages: Messages; retry(): void }) {
  const { common } = messages;
  return (
    <main class="door">
      <div class="door-card">
        <Icon name="warning" size={28} />
        <h1>{common.unreachable}</h1>
        <p>{common.unreachableDetail}</p>
        <pre class="command">./havn server status</pre>
        <button type="button" class="button primary" onClick={retry}>
          {common.retry}
        </button>
      </div>
    </main>
  );
}
