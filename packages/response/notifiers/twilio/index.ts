import { request, type Send } from "../notifier.ts";

interface Settings {
  account: string;
  token: string;
  from: string;
  to: string;
  server: string;
}

/** A text message (https://www.twilio.com/docs/messaging/api/message-resource). */
export const sendSms: Send<Settings> = (settings, message, signal) => {
  // Two messages' length: what is more costs more and is read by nobody.
  const body = `${message.subject}\n${message.text}`.slice(0, 300);
  return create("Messages", settings, { Body: `${body}\n${message.url}` }, signal);
};

/**
 * A call that reads it out twice (https://www.twilio.com/docs/voice/api/call-resource). Only a key that is pressed
 * answers: a mailbox presses none.
 */
export const sendVoice: Send<Settings> = (settings, message, signal) => {
  const say = `<Say>${escapeXml(message.subject.slice(0, 500))}. Press 1 to answer.</Say>`;
  const gather = `<Gather numDigits="1" timeout="10" method="POST" action="${escapeXml(`${message.url}/voice`)}">${say}${say}</Gather>`;
  const content = message.answerable ? gather : say + say;
  return create("Calls", settings, { Twiml: `<Response>${content}</Response>`, Timeout: "40" }, signal);
};

async function create(
  resource: "Messages" | "Calls",
  { account, token, from, to, server }: Settings,
  fields: Record<string, string>,
  signal: AbortSignal,
): Promise<string> {
  const { text } = await request(
    `${server.replace(/\/+$/, "")}/2010-04-01/Accounts/${encodeURIComponent(account)}/${resource}.json`,
    {
      method: "POST",
      signal,
      body: new URLSearchParams({ From: from, To: to, ...fields }).toString(),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization: `Basic ${Buffer.from(`${account}:${token}`).toString("base64")}`,
      },
    },
  );
  const { sid, status } = JSON.parse(text) as { sid?: string; status?: string };
  return `${status ?? "taken"} as ${sid ?? "unknown"}`;
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => entities[character] ?? "");
