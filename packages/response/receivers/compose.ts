import type { AlertView, ReceiverPreview, ReceiverProperties } from "@havn/model";
import type { Message } from "../notifiers/index.ts";
import { emptyLabels, findTemplateFault, renderTemplate, type TemplateInput } from "../notifiers/template.ts";

export interface Composed {
  words: Pick<Message, "state" | "severity" | "subject" | "text">;
  /** The template's fields that cannot be read: the usual words stand in for them. */
  faults: ReceiverPreview["faults"];
  empty: string[];
}

/** What channels of a receiver say of alerts: in the template's words, or in the usual ones. */
export function compose(
  template: ReceiverProperties["template"],
  { alerts, url }: { alerts: Message["alerts"]; url: string },
): Composed {
  const firing = alerts.filter(({ state }) => state === "firing");
  const about = summaryOf(firing.length > 0 ? firing : alerts);
  const state = firing.length > 0 ? "firing" : "resolved";
  const input: TemplateInput = { ...about, state, url, alerts };
  const own = fillTemplate(template, input);
  return {
    words: {
      ...{ state, severity: about.severity },
      subject: own.subject || `${firing.length > 0 ? about.severity : "Resolved"}: ${about.title}`,
      text: own.text || alerts.map((alert) => `${alert.state}: ${alert.summary}`).join("\n"),
    },
    ...{ faults: own.faults, empty: own.empty },
  };
}

function fillTemplate(template: ReceiverProperties["template"], input: TemplateInput) {
  const faults: Composed["faults"] = [];
  const empty = new Set<string>();
  const filled: { subject?: string; text?: string } = {};
  for (const field of ["subject", "text"] as const) {
    const wanted = template?.[field];
    if (wanted === undefined) continue;
    const fault = findTemplateFault(wanted);
    if (fault) {
      faults.push({ field, ...fault });
      continue;
    }
    for (const name of emptyLabels(wanted, input)) empty.add(name);
    const text = renderTemplate(wanted, input);
    filled[field] = field === "subject" ? text.replace(/\s+/g, " ").trim() : text;
  }
  return { ...filled, faults, empty: [...empty] };
}

export function summaryOf(alerts: Message["alerts"]): { title: string; severity: Message["severity"] } {
  const [first] = alerts;
  const more = alerts.length > 1 ? ` (and ${alerts.length - 1} more)` : "";
  const severities = new Set(alerts.map(({ labels }) => labels.severity));
  const severity = (["critical", "warning", "info"] as const).find((one) => severities.has(one));
  return { title: `${first?.summary ?? "alert"}${more}`, severity: severity ?? "critical" };
}

export type SampledAlert = Message["alerts"][number] & { fingerprint: string };

export interface Sample {
  source: ReceiverPreview["source"];
  alerts: SampledAlert[];
}

/**
 * What a receiver would be told of: the group of the given alert, else that of the newest alert which a route tells it of,
 * firing ones first; else an example. Undefined where the given alert is not there.
 */
export function sampleFor(
  receiver: string,
  views: readonly AlertView[],
  wanted?: string | undefined,
): Sample | undefined {
  const told = views
    .filter(({ groups }) => groups.some((group) => group.receiver === receiver))
    .toSorted((left, right) => rank(left) - rank(right) || begun(right) - begun(left));
  const chosen = wanted === undefined ? told[0] : views.find(({ fingerprint }) => fingerprint === wanted);
  if (!chosen) return wanted === undefined ? exampleFor(receiver) : undefined;
  const own = chosen.groups.find((group) => group.receiver === receiver);
  if (!own) return { source: "alert", alerts: [sampled(chosen)] };
  const key = JSON.stringify(own.labels);
  const inGroup = told.filter(({ groups }) =>
    groups.some((group) => group.receiver === receiver && JSON.stringify(group.labels) === key),
  );
  return { source: "group", alerts: [chosen, ...inGroup.filter((one) => one !== chosen)].map(sampled) };
}

const rank = ({ state }: AlertView) => ["firing", "resolved", "pending", "inactive"].indexOf(state);
const begun = ({ firingSince, activeSince }: AlertView) => firingSince ?? activeSince;

/** As routing hands it over: what is told of a check or a rule is told as firing until it has resolved. */
const sampled = ({ fingerprint, routed, state, summary, annotations }: AlertView): SampledAlert => ({
  ...{ fingerprint, labels: routed, state: state === "resolved" ? "resolved" : "firing" },
  summary: annotations?.summary ?? annotations?.description ?? summary,
});

function exampleFor(receiver: string): Sample {
  const [env = ""] = receiver.split("/");
  const labels = { alertname: "example", env, severity: "critical", host: "web-1", instance: "web-1:9100" };
  return {
    source: "example",
    alerts: [{ fingerprint: "", labels, summary: "an example of an alert", state: "firing" }],
  };
}
