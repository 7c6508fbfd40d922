import { useFormats, useMessages, useNow } from "../../kit/context.ts";
import type { OnCallNow } from "../../kit/respond-api.ts";
import { Badge, Person } from "../../respond/parts.tsx";

/** Who is on call now, until when, and who is next; one card a schedule. */
export function NowPanel({ schedules }: { schedules: readonly OnCallNow[] }) {
  const messages = useMessages().oncall;
  const formats = useFormats();
  const now = useNow();
  return (
    <ul class="now-cards" aria-label={messages.now}>
      {schedules.map(({ name, now: current, next, gaps }) => {
        const inGap = current.source.kind === "fallback";
        return (
          <li key={name} class="panel now-card">
            <p class="muted">{name}</p>
            <p class="now-person">
              <Person name={current.person} tone={inGap ? "bad" : "good"} />
              {inGap && <Badge tone="bad">{messages.gapNow}</Badge>}
              {current.source.kind === "override" && <Badge tone="info">{messages.tookOver}</Badge>}
              {current.source.kind === "swap" && (
                <Badge tone="info">{messages.standsIn(current.source.out)}</Badge>
              )}
            </p>
            {next && (
              <p class="muted">
                <span title={formats.dateTime(current.to)}>
                  {messages.until(formats.ago(current.to, now))}
                </span>{" "}
                · {messages.next} {next.person}
              </p>
            )}
            {!inGap && gaps.length > 0 && (
              <p>
                <Badge tone="warn" icon="warning" title={formats.dateTime(gaps[0]?.from ?? 0)}>
                  {messages.gapsSoon(gaps.length)}
                </Badge>
              </p>
            )}
          </li>
        );
      })}
    </ul>
  );
}
