import { hostname } from "node:os";
import type { ProbeOf } from "@havn/model";
import { seconds } from "../measure.ts";
import type { Attempt } from "../probe.ts";
import { type Conversation, conversationOver, opened, securedOver } from "../socket.ts";

/** The server's greeting, EHLO, STARTTLS, AUTH and the envelope of a mail that is then not sent. */
export async function probeSmtp(probe: ProbeOf<"smtp">, signal: AbortSignal): Promise<Attempt> {
  const began = performance.now();
  const socket = await opened(probe.host, probe.port, signal);
  try {
    const first = probe.security === "tls" ? await securedOver(socket, probe) : socket;
    const connection = conversationOver(first, signal);
    const greeting = await expect(connection, 220, "greeting");
    const greeted = performance.now() - began;
    let offers = await ehlo(connection);
    if (probe.security === "starttls") {
      if (!offers.some((offer) => /^STARTTLS$/i.test(offer)))
        return { state: "critical", output: "the server does not offer STARTTLS" };
      await say(connection, "STARTTLS", 220);
      await connection.secure(probe);
      offers = await ehlo(connection);
    }
    if (probe.user !== undefined && probe.password !== undefined)
      await authenticate(connection, offers, { user: probe.user, password: probe.password });
    if (probe.from !== undefined) await say(connection, `MAIL FROM:<${addressOf(probe.from)}>`, 250);
    if (probe.from !== undefined && probe.to !== undefined)
      await say(connection, `RCPT TO:<${addressOf(probe.to)}>`, 250);
    const took = performance.now() - began;
    connection.write("QUIT\r\n");
    const measures = [seconds("time", took), seconds("greeting", greeted)];
    return { state: "ok", output: greeting.slice(0, 200), measures };
  } finally {
    socket.destroy();
  }
}

/** Nothing in it may end the command. */
const addressOf = (text: string): string => text.replaceAll(/[<>\r\n]/g, "");

async function expect(connection: Conversation, code: number, what: string): Promise<string> {
  const lines: string[] = [];
  for (;;) {
    const line = await connection.readLine();
    lines.push(line.slice(4));
    if (line.charAt(3) === "-" && lines.length < 100) continue;
    if (Number(line.slice(0, 3)) !== code) throw new Error(`${what} was answered "${line}", not ${code}`);
    return lines.join("\n");
  }
}

function say(connection: Conversation, line: string, code: number, what = line): Promise<string> {
  connection.write(`${line}\r\n`);
  return expect(connection, code, what);
}

const ehlo = async (connection: Conversation): Promise<string[]> =>
  (await say(connection, `EHLO ${hostname() || "localhost"}`, 250)).split("\n").slice(1);

async function authenticate(
  connection: Conversation,
  offers: readonly string[],
  { user, password }: { user: string; password: string },
): Promise<void> {
  const methods = offers.find((offer) => /^AUTH[ =]/i.test(offer))?.toUpperCase() ?? "";
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  if (methods.includes("PLAIN")) {
    await say(connection, `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`, 235, "AUTH PLAIN");
  } else if (methods.includes("LOGIN")) {
    await say(connection, "AUTH LOGIN", 334);
    await say(connection, base64(user), 334, "the user's name");
    await say(connection, base64(password), 235, "the password");
  } else throw new Error(`the server offers neither AUTH PLAIN nor LOGIN: ${methods || "no AUTH at all"}`);
}
