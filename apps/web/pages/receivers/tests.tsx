import type { ReceiverTest } from "@havn/model";
import { useFormats, useMessages } from "../../kit/context.ts";
import { Badge, nameOf } from "../../respond/parts.tsx";
import { Ago } from "../../ui/parts.tsx";

/** Attempts of tests, the newest open. */
export function TestList({ tests }: { tests: readonly ReceiverTest[] }) {
  const messages = useMessages().receivers;
  if (tests.length === 0) return null;
  return (
    <div class="receiver-tests">
      <h3>{messages.tests}</h3>
      {tests.map((test, at) => (
        <details key={test.id} open={at === 0}>
          <summary>
            <Ago at={test.at} /> {messages.by(nameOf(test.by))}
          </summary>
          <Attempts test={test} />
        </details>
      ))}
    </div>
  );
}

function Attempts({ test: { attempts } }: { test: ReceiverTest }) {
  const messages = useMessages().receivers;
  const formats = useFormats();
  if (attempts.length === 0) return <p class="warn">{messages.noWays}</p>;
  return (
    <ul class="plain-list">
      {attempts.map((one, at) => (
        <li key={at}>
          <div>
            <Badge tone={one.accepted ? "good" : "bad"}>
              {one.accepted ? messages.taken : messages.failed}
            </Badge>{" "}
            <b>{one.channel}</b> {one.to} {one.person !== undefined && `(${one.person})`}
            <p class="muted">
              {formats.seconds(one.took / 1000)} · {one.detail}
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}
