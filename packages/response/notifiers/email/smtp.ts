import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { hostname } from "node:os";
import { createInterface, type Interface } from "node:readline";
import { connect as connectTls } from "node:tls";

export interface Mail {
  server: string;
  user?: string | undefined;
  password?: string | undefined;
  /** Without TLS nothing is sent. */
  requireTls?: boolean | undefined;
  /** PEM of who vouches for the server; the system's authorities where left out. */
  ca?: string | undefined;
  from: string;
  to: string;
  /** Whole, with CRLF line ends; dots are doubled here. */
  content: string;
}

interface Reply {
  code: number;
  text: string;
}

/**
 * Sends one mail (RFC 5321) and returns what the server said when it took it. `smtps://` is TLS from the start; with
 * `smtp://` TLS begins as soon as the server offers it (RFC 3207). A password goes over TLS or the loopback only.
 */
export async function sendMail(mail: Mail, signal: AbortSignal): Promise<string> {
  const url = new URL(mail.server);
  const tls = url.protocol === "smtps:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (tls ? 465 : 25));
  // A server is verified under its name; an address has none to send.
  const name = { ...(isIP(host) ? {} : { servername: host }), ...(mail.ca !== undefined && { ca: mail.ca }) };
  let socket: Socket = quiet(tls ? connectTls({ host, port, ...name }) : connect({ host, port }));
  const abort = () => void socket.destroy(new Error("gave up waiting for the mail server"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await once(socket, tls ? "secureConnect" : "connect");
    let session = talk(socket);
    await session.expect(220);
    let offers = await session.say(`EHLO ${hostname()}`, 250);
    if (!tls && /^STARTTLS$/im.test(offers)) {
      await session.say("STARTTLS", 220);
      session.close();
      socket = quiet(connectTls({ socket, host, ...name }));
      await once(socket, "secureConnect");
      session = talk(socket);
      offers = await session.say(`EHLO ${hostname()}`, 250);
    } else if (!tls && mail.requireTls) throw new Error("the server offers no TLS, so the mail is not sent");
    if (mail.user !== undefined) await authenticate(session, mail, offers, isPrivate(socket));
    await session.say(`MAIL FROM:<${mail.from}>`, 250);
    await session.say(`RCPT TO:<${mail.to}>`, 250);
    await session.say("DATA", 354);
    const taken = await session.say(`${mail.content.replace(/^\./gm, "..")}\r\n.`, 250);
    // It is taken: what the server says to a goodbye does not matter.
    await session.say("QUIT", 221).catch(() => {});
    return taken.split("\n")[0] ?? "";
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}

/** An error between two waits is told by the next one; without a listener it would end the process. */
const quiet = (socket: Socket): Socket => socket.on("error", () => {});

const isPrivate = (socket: Socket): boolean =>
  "encrypted" in socket || /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? "");

async function authenticate(session: Session, mail: Mail, offers: string, safe: boolean): Promise<void> {
  if (!safe) throw new Error("the server offers no TLS, so the password is not sent");
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const { user = "", password = "" } = mail;
  if (/^AUTH[ =].*\bPLAIN\b/im.test(offers))
    await session.say(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`, 235);
  else {
    await session.say("AUTH LOGIN", 334);
    await session.say(base64(user), 334);
    await session.say(base64(password), 235);
  }
}

interface Session {
  expect(code: number): Promise<string>;
  /** Lines of the reply without their codes. Throws for any other code; the command is not told, it may hold a secret. */
  say(line: string, code: number): Promise<string>;
  close(): void;
}

function talk(socket: Socket): Session {
  const lines: Interface = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
  const waiting: ((reply: Reply | Error) => void)[] = [];
  const early: Reply[] = [];
  let failed: Error | undefined;
  let text: string[] = [];
  lines.on("line", (line) => {
    text.push(line.slice(4));
    if (line[3] === "-") return;
    const reply = { code: Number(line.slice(0, 3)), text: text.join("\n") };
    text = [];
    const next = waiting.shift();
    if (next) next(reply);
    else early.push(reply);
  });
  const fail = (error: Error) => {
    failed ??= error;
    for (const next of waiting.splice(0)) next(error);
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the mail server closed the connection")));
  const expect = async (code: number): Promise<string> => {
    const reply = early.shift() ?? failed ?? (await new Promise<Reply | Error>((take) => waiting.push(take)));
    if (reply instanceof Error) throw reply;
    if (reply.code !== code) throw new Error(`the mail server answered ${reply.code} ${reply.text}`);
    return reply.text;
  };
  return {
    expect,
    say(line, code) {
      socket.write(`${line}\r\n`);
      return expect(code);
    },
    close: () => lines.close(),
  };
}
