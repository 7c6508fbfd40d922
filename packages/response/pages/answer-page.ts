import { escapeText, htmlPage } from "../html.ts";
import type { Incident } from "../store.ts";

type Shown =
  | { kind: "ask"; incident: Incident; person: string; used: boolean }
  | { kind: "thanks" }
  | { kind: "used" }
  | { kind: "unknown" };

/** What a link in a page leads to: plain HTML that works on any phone, without scripts. */
export function answerPage(shown: Shown): string {
  const [title, body] = contentOf(shown);
  return htmlPage(title, body);
}

function contentOf(shown: Shown): [title: string, body: string] {
  switch (shown.kind) {
    case "ask": {
      const { incident, person, used } = shown;
      const list = incident.alerts
        .map(({ state, summary }) => `<li>${state}: ${escapeText(summary)}</li>`)
        .join("");
      const answer =
        incident.state === "resolved"
          ? "<p>It is over.</p>"
          : used
            ? "<p>This link was used already.</p>"
            : `<form method="post"><button>I am on it (${escapeText(person)})</button></form>`;
      return [`Incident ${incident.id}: ${incident.title}`, `<ul>${list}</ul>${answer}`];
    }
    case "thanks":
      return ["Thank you", "<p>Nobody else is asked while your answer holds.</p>"];
    case "used":
      return ["This link was used already", "<p>Each link answers once.</p>"];
    case "unknown":
      return ["This link leads nowhere", "<p>It is not whole, or from another Havn.</p>"];
  }
}
