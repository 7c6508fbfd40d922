import { post, type Send } from "../notifier.ts";

/** Events API v2 (https://developer.pagerduty.com/docs/send-alert-event): one alert a group, which ends when it ends. */
export const send: Send<{ key: string; server: string }> = ({ key, server }, message, signal) =>
  post(`${server.replace(/\/+$/, "")}/v2/enqueue`, {
    signal,
    body: JSON.stringify({
      routing_key: key,
      event_action: message.state === "resolved" ? "resolve" : "trigger",
      dedup_key: message.about,
      client: "Havn",
      client_url: message.url,
      links: [{ href: message.url, text: "Havn" }],
      payload: {
        summary: message.subject.slice(0, 1024),
        source: message.alerts[0]?.labels.host ?? message.alerts[0]?.labels.env ?? "havn",
        severity: message.severity,
        timestamp: new Date(message.at).toISOString(),
        custom_details: { text: message.text, alerts: message.alerts.slice(0, 50) },
      },
    }),
    headers: { "content-type": "application/json" },
  });
