import { useMessages } from "../kit/context.ts";
import type { CoveredSubject, SilencePreview } from "../kit/respond-api.ts";
import { Labels } from "./parts.tsx";

export interface PreviewState {
  covered: SilencePreview | undefined;
  failure: string | undefined;
}

/** What matchers, or maintenance, would hold back. */
export function Preview({ covered, failure }: PreviewState) {
  const messages = useMessages().respond;
  if (failure !== undefined) return <p class="preview bad">{failure}</p>;
  if (!covered) return <p class="preview muted">{messages.previewEmpty}</p>;
  const { alerts, checks, rules, resources, pages } = covered;
  return (
    <section class="preview" aria-live="polite">
      <h3>{messages.wouldCover(alerts.length)}</h3>
      <ul>
        {alerts.slice(0, 20).map(({ summary, labels }) => (
          <li key={JSON.stringify(labels)}>
            <span lang="en">{summary}</span>
            <Labels labels={labels} without={["env", "alertname", "severity"]} />
          </li>
        ))}
        {alerts.length > 20 && <li class="muted">+ {alerts.length - 20}</li>}
      </ul>
      <Subjects title={messages.coversChecks} subjects={checks} />
      <Subjects title={messages.coversRules} subjects={rules} />
      <Subjects title={messages.coversResources} subjects={resources} />
      {pages.sent > 0 && <p class="muted">{messages.wouldHaveHeld(pages.held, pages.sent, pages.days)}</p>}
    </section>
  );
}

const mostSubjects = 12;

/** What is quiet now and would be silent too. */
function Subjects({ title, subjects }: { title: string; subjects: readonly CoveredSubject[] }) {
  const messages = useMessages().respond;
  if (subjects.length === 0) return null;
  return (
    <p class="covered-subjects">
      <span class="muted">{title}</span>{" "}
      {subjects.slice(0, mostSubjects).map(({ address, name, certainty }) => (
        <code key={address} title={certainty === "maybe" ? messages.maybe : address}>
          {name}
          {certainty === "maybe" && "?"}
        </code>
      ))}
      {subjects.length > mostSubjects && ` + ${subjects.length - mostSubjects}`}
    </p>
  );
}
