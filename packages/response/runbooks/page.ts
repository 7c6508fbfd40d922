import { escapeText, htmlPage } from "../html.ts";
import type { Question } from "./store.ts";

export type ShownQuestion =
  | { kind: "ask"; runbook: string; startedBy: string; person: string; question: Question }
  | { kind: "thanks"; answer: string }
  | { kind: "over"; question: Question | undefined }
  | { kind: "unknown" };

/** What the link of a question leads to: plain HTML that works on any phone, without scripts. */
export function questionPage(shown: ShownQuestion): string {
  switch (shown.kind) {
    case "ask": {
      const { runbook, startedBy, person, question } = shown;
      const answers =
        question.choices.length > 0
          ? question.choices
              .map(
                (choice) =>
                  `<button name="answer" value="${escapeText(choice)}">${escapeText(choice)}</button>`,
              )
              .join(" ")
          : '<input name="answer" required maxlength="1000"> <button>Answer</button>';
      return htmlPage(
        `${runbook} asks`,
        `<p>${escapeText(question.text)}</p><p>Started by ${escapeText(startedBy)}. You answer as ${escapeText(person)}.</p><form method="post">${answers}</form>`,
      );
    }
    case "thanks":
      return htmlPage("Thank you", `<p>Your answer: ${escapeText(shown.answer)}</p>`);
    case "over":
      return htmlPage(
        "This was answered already",
        shown.question?.answer === undefined
          ? "<p>Nobody waits for an answer any more.</p>"
          : `<p>${escapeText(shown.question.by ?? "")}: ${escapeText(shown.question.answer)}</p>`,
      );
    case "unknown":
      return htmlPage("This link leads nowhere", "<p>It is not whole, or from another Havn.</p>");
  }
}
