import { useFormats, useMessages } from "../../kit/context.ts";
import type { IncidentDetail } from "../../kit/respond-api.ts";
import { pathTo } from "../../kit/router.ts";
import { Ago, Panel } from "../../ui/parts.tsx";

/** What changed shortly before, the most suspicious first, each with why. */
export function Suspects({ detail, environment }: { detail: IncidentDetail; environment: string }) {
  const messages = useMessages().incidents;
  const formats = useFormats();
  const { suspects } = detail;
  const most = Math.max(1, ...suspects.map(({ score }) => score));
  return (
    <Panel title={messages.suspects}>
      {suspects.length === 0 && <p class="muted">{messages.noSuspects}</p>}
      <ol class="suspects">
        {suspects.slice(0, 6).map(({ event, score, evidence }) => {
          const apply = event.data["applyId"] ?? event.data["apply"];
          return (
            <li key={event.id}>
              <p lang="en">
                {typeof apply === "string" ? (
                  <a href={pathTo("/environments/:environment/applies/:apply", { environment, apply })}>
                    {event.summary}
                  </a>
                ) : (
                  event.summary
                )}
              </p>
              <meter
                value={score / most}
                aria-label={messages.score(formats.number(score))}
                title={messages.score(formats.number(score))}
              />
              <p class="muted" lang="en">
                <Ago at={event.at} /> · {event.actor} · {evidence.join(", ")}
              </p>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
