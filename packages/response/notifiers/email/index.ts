import type { Message, Send } from "../notifier.ts";
import { sendMail } from "./smtp.ts";

interface Settings {
  to: string;
  from: string;
  server: string;
  user?: string | undefined;
  password?: string | undefined;
  requireTls?: boolean | undefined;
  ca?: string | undefined;
}

/** Plain text. The message's id is the mail's, so that servers and readers recognise a second copy. */
export const send: Send<Settings> = (settings, message, signal) =>
  sendMail({ ...settings, content: contentOf(settings, message) }, signal);

function contentOf({ from, to }: Settings, message: Message): string {
  const { id, subject, text, url, at, severity, leave } = message;
  const body = Buffer.from(`${text}\n${url === "" ? "" : `\n${url}\n`}`).toString("base64");
  return [
    `From: Havn <${from}>`,
    `To: <${to}>`,
    `Subject: ${encodeWords(subject)}`,
    `Date: ${new Date(at).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${id}@havn>`,
    `X-Priority: ${severity === "critical" ? 1 : 3}`,
    "Auto-Submitted: auto-generated",
    // RFC 8058: a mail program's own button, which opens no page.
    ...(leave === undefined
      ? []
      : [`List-Unsubscribe: <${leave}>`, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]),
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    ...(body.match(/.{1,76}/g) ?? []),
  ].join("\r\n");
}

/** RFC 2047, in words short enough for a line; characters stay whole. */
function encodeWords(text: string): string {
  const words: string[] = [""];
  for (const character of text.replace(/\s+/g, " ").slice(0, 300)) {
    const word = words.at(-1) ?? "";
    if (Buffer.byteLength(word + character) > 42) words.push(character);
    else words[words.length - 1] = word + character;
  }
  return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString("base64")}?=`).join("\r\n ");
}
