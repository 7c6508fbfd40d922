import { post, type Send } from "../notifier.ts";

const color = { info: "Accent", warning: "Warning", critical: "Attention" } as const;

/**
 * An adaptive card for a workflow's webhook (https://adaptivecards.io/explorer/; the "Post to a channel when a webhook
 * request is received" template of Teams takes this envelope).
 */
export const send: Send<{ url: string }> = ({ url }, message, signal) =>
  post(url, {
    signal,
    body: JSON.stringify({
      type: "message",
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          contentUrl: null,
          content: {
            $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
            type: "AdaptiveCard",
            version: "1.4",
            msteams: { width: "Full" },
            body: [
              {
                ...{
                  type: "TextBlock",
                  text: escapeMarkdown(message.subject),
                  weight: "Bolder",
                  size: "Medium",
                },
                ...{ wrap: true, color: message.state === "resolved" ? "Good" : color[message.severity] },
              },
              { type: "TextBlock", text: escapeMarkdown(message.text), wrap: true },
            ],
            actions: [{ type: "Action.OpenUrl", title: "Open", url: message.url }],
          },
        },
      ],
    }),
    headers: { "content-type": "application/json" },
  });

/** Text blocks read Markdown; one line end alone would be lost. */
const escapeMarkdown = (text: string) => text.replace(/[\\`*_[\]()#+>~|]/g, "\\$&").replaceAll("\n", "\n\n");
