import { post, type Send } from "../notifier.ts";

/** Slack's incoming webhooks, which Mattermost takes too (https://api.slack.com/messaging/webhooks). */
export const send: Send<{ url: string }> = ({ url }, message, signal) =>
  post(url, {
    signal,
    body: JSON.stringify({
      text: escapeText(message.subject),
      attachments: [
        {
          color:
            message.state === "resolved" ? "good" : message.severity === "critical" ? "danger" : "warning",
          title: escapeText(message.subject),
          title_link: message.url,
          text: escapeText(message.text),
        },
      ],
    }),
    headers: { "content-type": "application/json" },
  });

const escapeText = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
