import type { Timeline } from "@havn/model";
import type { RoutedAlert } from "../routing/alert.ts";
import type { Hold } from "./mutes.ts";

/** The timeline is told once what was held, and why; what fails here is not worth holding up the rest. */
export function tellHeld(
  { timeline, log }: { timeline: Timeline; log(message: string): void },
  held: readonly { alert: RoutedAlert; holds: readonly Hold[] }[],
): void {
  for (const { alert, holds } of held) {
    const [hold] = holds;
    if (!hold) continue;
    const { labels, annotations, fingerprint, startsAt } = alert;
    const until = hold.until === undefined ? "" : ` until ${new Date(hold.until).toISOString()}`;
    timeline
      .write({
        kind: "alert.held",
        key: `alert-held:${fingerprint}:${startsAt}:${hold.id}`.slice(0, 500),
        summary: `Held by ${hold.reason}${until}: ${annotations.summary ?? labels.alertname ?? "an alert"}`,
        severity: "info",
        ...(labels.env && { environment: labels.env }),
        data: { labels: { ...labels }, holds: [...holds] },
      })
      .catch((cause) => log(`the timeline was not told what is held: ${cause}`));
  }
}
