import { post, type Send } from "../notifier.ts";

const color = { info: 0x2389d7, warning: 0xffbc1f, critical: 0xd24b4e } as const;

/**
 * A webhook's embed (https://discord.com/developers/docs/resources/webhook#execute-webhook). `wait` makes Discord answer
 * once the message stands there. Nothing in it calls anybody.
 */
export const send: Send<{ url: string }> = ({ url }, message, signal) => {
  const target = new URL(url);
  target.searchParams.set("wait", "true");
  return post(target.href, {
    signal,
    body: JSON.stringify({
      username: "Havn",
      allowed_mentions: { parse: [] },
      embeds: [
        {
          // Longest that Discord takes.
          title: message.subject.slice(0, 256),
          description: escapeMarkdown(message.text).slice(0, 4096),
          url: message.url,
          color: message.state === "resolved" ? 0x06d6a0 : color[message.severity],
          timestamp: new Date(message.at).toISOString(),
        },
      ],
    }),
    headers: { "content-type": "application/json" },
  });
};

const escapeMarkdown = (text: string) => text.replace(/[\\`*_~|>[\]]/g, "\\$&");
