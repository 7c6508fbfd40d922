import { post, type Send } from "../notifier.ts";

const priority = { info: 3, warning: 4, critical: 5 } as const;

/** ntfy's JSON form (https://docs.ntfy.sh/publish/#publish-as-json): the topic is the address' last part. */
export const send: Send<{ url: string; token?: string | undefined }> = ({ url, token }, message, signal) => {
  const target = new URL(url);
  const parts = target.pathname.split("/");
  const topic = parts.pop() ?? "";
  target.pathname = parts.join("/") || "/";
  return post(target.href, {
    signal,
    body: JSON.stringify({
      topic,
      title: message.subject,
      message: message.text,
      priority: message.state === "resolved" ? 3 : priority[message.severity],
      tags: [message.state === "resolved" ? "white_check_mark" : "rotating_light"],
      click: message.url,
      actions: [{ action: "view", label: "Answer", url: message.url }],
    }),
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
  });
};
