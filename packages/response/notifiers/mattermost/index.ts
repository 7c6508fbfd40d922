import { post, type Send } from "../notifier.ts";

const color = { info: "#2389d7", warning: "#ffbc1f", critical: "#d24b4e" } as const;

/** An incoming webhook (https://developers.mattermost.com/integrate/webhooks/incoming/). */
export const send: Send<{ url: string; channel?: string | undefined }> = (
  { url, channel },
  message,
  signal,
) =>
  post(url, {
    signal,
    body: JSON.stringify({
      username: "Havn",
      ...(channel !== undefined && { channel }),
      attachments: [
        {
          fallback: message.subject,
          color: message.state === "resolved" ? "#06d6a0" : color[message.severity],
          title: message.subject,
          title_link: message.url,
          text: escapeMarkdown(message.text),
        },
      ],
    }),
    headers: { "content-type": "application/json" },
  });

/** Names must not become markup, nor call a whole channel. */
const escapeMarkdown = (text: string) =>
  text.replace(/[\\`*_[\]()#~|<>]/g, "\\$&").replaceAll("@", "@\u200b");
