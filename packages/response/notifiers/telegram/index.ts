import { request, type Send } from "../notifier.ts";

/** The Bot API's sendMessage (https://core.telegram.org/bots/api#sendmessage). The token stands in no failure. */
export const send: Send<{ token: string; chat: string; server: string }> = async (
  { token, chat, server },
  message,
  signal,
) => {
  const text = `<b>${escapeHtml(message.subject)}</b>\n${escapeHtml(message.text)}`;
  const link = { text: "Open", url: message.url };
  const { text: said } = await request(`${server.replace(/\/+$/, "")}/bot${token}/sendMessage`, {
    method: "POST",
    signal,
    body: JSON.stringify({
      chat_id: chat,
      // Longest that Telegram takes; a mark that is cut would be refused.
      text: text.length > 4096 ? escapeHtml(`${message.subject}\n${message.text}`).slice(0, 4000) : text,
      parse_mode: "HTML",
      disable_notification: message.state === "resolved",
      // Telegram refuses a button that leads to this computer.
      ...(!/^https?:\/\/(localhost|127\.)/.test(message.url) && {
        reply_markup: { inline_keyboard: [[link]] },
      }),
    }),
    headers: { "content-type": "application/json" },
  });
  const { ok, description, result } = JSON.parse(said) as {
    ok?: boolean;
    description?: string;
    result?: { message_id?: number };
  };
  if (ok !== true) throw new Error(`answered ${description ?? "that it did not take it"}`);
  return `taken as ${result?.message_id}`;
};

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escapeHtml = (text: string) => text.replace(/[&<>]/g, (character) => entities[character] ?? "");
