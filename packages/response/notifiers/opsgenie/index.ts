import { post, type Send } from "../notifier.ts";

const priority = { info: "P4", warning: "P3", critical: "P1" } as const;

/** Alert API (https://docs.opsgenie.com/docs/alert-api): one alert a group by its alias, closed when it ends. */
export const send: Send<{ key: string; server: string }> = ({ key, server }, message, signal) => {
  const base = `${server.replace(/\/+$/, "")}/v2/alerts`;
  const headers = { "content-type": "application/json", authorization: `GenieKey ${key}` };
  if (message.state === "resolved")
    return post(`${base}/${encodeURIComponent(message.about)}/close?identifierType=alias`, {
      ...{ signal, headers, body: JSON.stringify({ source: "Havn", note: message.text.slice(0, 25_000) }) },
    });
  return post(base, {
    ...{ signal, headers },
    body: JSON.stringify({
      message: message.subject.slice(0, 130),
      alias: message.about.slice(0, 512),
      description: `${message.text}\n${message.url}`.slice(0, 15_000),
      priority: priority[message.severity],
      source: "Havn",
      details: { url: message.url, ...message.alerts[0]?.labels },
    }),
  });
};
