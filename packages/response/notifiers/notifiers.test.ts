import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text as readText } from "node:stream/consumers";
import { test } from "node:test";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { temporaryDirectory } from "@havn/testkit";
import { selfSigned } from "../testing/certificate.ts";
import { type Message, send } from "./index.ts";
import { emptyLabels, findTemplateFault, renderTemplate } from "./template.ts";

const message: Message = {
  ...{ id: "0123456789abcdef", about: "group-1", answerable: true },
  state: "firing",
  severity: "critical",
  subject: "critical: shöp is down <now> & again, on a subject that is too long for one encoded word",
  text: "firing: shop is down\n.a line that begins with a dot\n",
  url: "http://havn.test/answer/x",
  at: Date.UTC(2026, 0, 1),
  alerts: [{ labels: { alertname: "down" }, summary: "shop is down", state: "firing" }],
};
const soon = () => AbortSignal.timeout(30_000);

/** Takes requests as they come, and answers each with the next status (200 when there is none). */
async function httpServer(...statuses: number[]) {
  const requests: { headers: IncomingMessage["headers"]; path: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ headers: request.headers, path: request.url ?? "", body: await readText(request) });
    response.writeHead(statuses.shift() ?? 200).end("said the server");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    requests,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Tls = { mode: "starttls" | "implicit"; cert: string; key: string };

/** A fake of a mail server: speaks RFC 5321 with AUTH and TLS, keeps what it took, and may refuse a command. */
async function fakeMailServer({ refuse, tls }: { refuse?: string; tls?: Tls } = {}) {
  const mails: string[] = [];
  const commands: string[] = [];
  const serve = async (socket: Socket, greet: boolean, secure: boolean): Promise<void> => {
    socket.on("error", () => {});
    const say = (line: string) => socket.write(`${line}\r\n`);
    if (greet) say("220 mail.test ESMTP");
    const starttls = tls?.mode === "starttls" && !secure ? "250-STARTTLS\r\n" : "";
    let content: string[] | undefined;
    const lines = createInterface({ input: socket });
    for await (const line of lines) {
      if (content) {
        if (line !== ".") content.push(line.replace(/^\./, ""));
        else {
          mails.push(content.join("\n"));
          content = undefined;
          say("250 2.0.0 taken as 42");
        }
        continue;
      }
      commands.push(secure ? `${line} (TLS)` : line);
      const verb = line.split(" ")[0]?.toUpperCase() ?? "";
      if (verb === refuse) say(`550 no ${verb} here`);
      else if (verb === "EHLO")
        socket.write(`250-mail.test\r\n${starttls}250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n`);
      else if (verb === "STARTTLS" && tls) {
        lines.close();
        say("220 go ahead");
        const inner = new TLSSocket(socket, { isServer: true, cert: tls.cert, key: tls.key });
        return serve(inner, false, true);
      } else if (verb === "AUTH") say("235 yes");
      else if (verb === "DATA") {
        content = [];
        say("354 go on");
      } else say(verb === "QUIT" ? "221 bye" : "250 ok");
    }
  };
  const server =
    tls?.mode === "implicit"
      ? createTlsServer({ cert: tls.cert, key: tls.key }, (socket) => void serve(socket, true, true))
      : createTcpServer((socket) => void serve(socket, true, false));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const scheme = tls?.mode === "implicit" ? "smtps" : "smtp";
  return {
    mails,
    commands,
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

test("email: a whole mail over SMTP, with its id, and a refusal told in the server's words", async () => {
  await using server = await fakeMailServer();
  const channel = {
    kind: "email" as const,
    to: "ada@example.org",
    from: "havn@example.org",
    server: server.url,
  };
  assert.equal(
    await send({ ...channel, user: "havn", password: "geheim" }, message, soon()),
    "2.0.0 taken as 42",
  );
  const leave = "https://havn.test/status/leave/x";
  await send(channel, { ...message, leave }, soon());
  assert.match(server.mails[1] ?? "", new RegExp(`^List-Unsubscribe: <${leave}>$`, "m"));
  assert.match(server.mails[1] ?? "", /^List-Unsubscribe-Post: List-Unsubscribe=One-Click$/m);
  assert.doesNotMatch(server.mails[0] ?? "", /List-Unsubscribe/);
  assert.ok(server.commands.includes(`AUTH PLAIN ${btoa("\0havn\0geheim")}`));
  assert.ok(server.commands.includes("RCPT TO:<ada@example.org>"));
  const [head = "", body = ""] = (server.mails[0] ?? "").split("\n\n");
  assert.match(head, /^Message-ID: <0123456789abcdef@havn>$/m);
  assert.match(head, /^Date: Thu, 01 Jan 2026 00:00:00 \+0000$/m);
  const words = [...head.matchAll(/=\?utf-8\?B\?([^?]+)\?=/g)].map(([, word = ""]) =>
    Buffer.from(word, "base64").toString(),
  );
  assert.equal(words.join(""), message.subject);
  assert.equal(Buffer.from(body, "base64").toString(), `${message.text}\n\n${message.url}\n`);
  await using refusing = await fakeMailServer({ refuse: "RCPT" });
  await assert.rejects(send({ ...channel, server: refusing.url }, message, soon()), /550 no RCPT here/);
});

test("email: TLS from the start or begun on the way; without the right certificate, or without TLS, nothing is sent", async () => {
  const certificate = await selfSigned();
  const mail = { kind: "email" as const, to: "ada@example.org", from: "havn@example.org" };
  for (const mode of ["starttls", "implicit"] as const) {
    await using server = await fakeMailServer({ tls: { mode, ...certificate } });
    const settings = { ...mail, server: server.url, user: "havn", password: "geheim", requireTls: true };
    await send({ ...settings, ca: certificate.cert }, message, soon());
    assert.equal(server.mails.length, 1);
    assert.ok(server.commands.includes(`AUTH PLAIN ${btoa("\0havn\0geheim")} (TLS)`), server.commands.join());
    await assert.rejects(send(settings, message, soon()), /self-signed|unable to verify/);
    assert.equal(server.mails.length, 1);
  }
  await using plain = await fakeMailServer();
  await assert.rejects(
    send({ ...mail, server: plain.url, requireTls: true }, message, soon()),
    /offers no TLS/,
  );
  assert.deepEqual(plain.mails, []);
});

test("syslog: RFC 5424 over UDP as it is, over TCP and TLS with its length before it", async () => {
  const certificate = await selfSigned();
  const settings = { kind: "syslog" as const, facility: 16 };
  const expected =
    /^<130>1 2026-01-01T00:00:00\.000Z \S+ havn \d+ alert \[havn@32473 id="0123456789abcdef" state="firing" url="http:\/\/havn\.test\/answer\/x" alertname="down"\] \ufeffcritical: shöp/;
  const udp = createSocket("udp4").bind(0, "127.0.0.1");
  await once(udp, "listening");
  const datagram = once(udp, "message");
  await send({ ...settings, server: `udp://127.0.0.1:${udp.address().port}` }, message, soon());
  assert.match(String((await datagram)[0]), expected);
  udp.close();
  for (const scheme of ["tcp", "tls"]) {
    const got = Promise.withResolvers<string>();
    const take = async (socket: Socket) => got.resolve(await readText(socket.on("end", () => socket.end())));
    const server = scheme === "tls" ? createTlsServer(certificate, take) : createTcpServer(take);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const target = { ...settings, server: `${scheme}://127.0.0.1:${port}`, ca: certificate.cert };
    await send(target, message, soon());
    const [length = "", ...rest] = (await got.promise).split(" ");
    assert.match(rest.join(" "), expected);
    assert.equal(Buffer.byteLength(rest.join(" ")), Number(length));
    server.close();
  }
  await assert.rejects(send({ ...settings, server: "tcp://127.0.0.1:1" }, message, soon()), /ECONNREFUSED/);
});

test("a template takes no longer than its text is long, and fills no memory", () => {
  // As a regular expression this one took hours.
  assert.equal(findTemplateFault(`{{${" ".repeat(20_000)}`)?.summary, "{{ without }}");
  const labels = { alertname: "down", long: "x".repeat(16_000) };
  const alerts = Array.from({ length: 1000 }, () => ({ labels, summary: "down", state: "firing" as const }));
  const wide = `{{ each alerts }}${"{{labels.long}}".repeat(1000)}{{ end }}`.repeat(3);
  const filled = renderTemplate(wide, { ...message, title: "down", alerts });
  assert.equal(filled.length, 500_001);
  assert.ok(filled.endsWith("x…"));
  const many = Array.from({ length: 6000 }, () => ({ labels, summary: "down", state: "firing" as const }));
  const counted = renderTemplate("{{ each alerts }}.{{ end }}", { ...message, title: "down", alerts: many });
  assert.equal(counted.length, 5000);
});

test("templates: filled from alerts; what they may not say is named by its place", () => {
  const input = {
    ...{ state: "firing" as const, severity: "critical" as const, title: "2 down", url: "http://h" },
    alerts: [
      { labels: { host: "web-1", env: "shop" }, summary: "a is down", state: "firing" },
      { labels: { host: "web-2", env: "shop" }, summary: "b is down", state: "firing" },
    ],
  };
  const text =
    "{{ severity }} {{title}} in {{ labels.env }}{{ labels.host }}:{{ each alerts }} {{ summary }} on {{ labels.host }};{{ end }}";
  assert.equal(
    renderTemplate(text, input),
    "critical 2 down in shop: a is down on web-1; b is down on web-2;",
  );
  for (const [wrong, why] of [
    ["{{ constructor }}", /line 1, column 1: nothing is called "constructor"/],
    ["x\n y {{ summary }}", /line 2, column 4: nothing is called "summary" here/],
    ["{{ each alerts }}", /without its end/],
    ["{{ end }}", /end without an each/],
    ["{{ state", /{{ without }}/],
    ["{{ each alerts }}{{ each alerts }}{{ end }}", /inside of another/],
  ] as const)
    assert.throws(() => renderTemplate(wrong, input), why);
  const named =
    "{{ labels.env }} {{ labels.host }} {{ each alerts }}{{ labels.host }}{{ labels.rack }}{{ end }}";
  assert.deepEqual(emptyLabels(named, input), ["host", "rack"]);
  assert.deepEqual(findTemplateFault("a\n{{ end }}"), {
    line: 2,
    column: 1,
    summary: "an end without an each",
  });
});

test("email: a server that never speaks is given up", async () => {
  const silent = createTcpServer(() => {});
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const server = `smtp://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const giveUp = new AbortController();
  const sending = send({ kind: "email", to: "a@b.c", from: "a@b.c", server }, message, giveUp.signal);
  silent.once("connection", () => giveUp.abort());
  await assert.rejects(sending);
  silent.close();
});

test("webhook: signed JSON under an idempotency key; anything but 2xx is a failure with what was said", async () => {
  await using server = await httpServer(202, 500);
  const channel = { kind: "webhook" as const, url: `${server.url}/hook`, secret: "shared" };
  assert.equal(await send(channel, message, soon()), "answered 202");
  const [request] = server.requests;
  assert.deepEqual(JSON.parse(request?.body ?? ""), message);
  assert.equal(request?.headers["idempotency-key"], message.id);
  const [, seconds, signature] =
    /^t=(\d+),v1=(\w+)$/.exec(String(request?.headers["x-havn-signature"])) ?? [];
  assert.equal(signature, createHmac("sha256", "shared").update(`${seconds}.${request?.body}`).digest("hex"));
  await assert.rejects(send(channel, message, soon()), /answered 500: said the server/);
});

test("who stands in a webhook's address is sent as its header; what is secret stands in no failure", async () => {
  await using server = await httpServer();
  const url = server.url.replace("//", "//havn:s%3Acret@");
  await send({ kind: "webhook", url: `${url}/hook` }, message, soon());
  const [first] = server.requests;
  assert.equal(first?.headers.authorization, `Basic ${Buffer.from("havn:s:cret").toString("base64")}`);
  assert.equal(first?.path, "/hook");
  for (const channel of [
    { kind: "ntfy", url: `${server.url}/topic`, token: "hidden\nline" },
    { kind: "webhook", url: "hooks.test/hidden" },
    { kind: "webhook", url: "http://127.0.0.1:1/hidden" },
  ] as const)
    await assert.rejects(send(channel, message, soon()), (error: Error) => !error.message.includes("hidden"));
  assert.equal(server.requests.length, 1);
});

test("ntfy: the topic is the address' last part, with an action that leads to the answer", async () => {
  await using server = await httpServer();
  await send({ kind: "ntfy", url: `${server.url}/base/alerts-ada`, token: "tk" }, message, soon());
  const [request] = server.requests;
  const body = JSON.parse(request?.body ?? "");
  assert.equal(request?.path, "/base");
  assert.equal(request?.headers.authorization, "Bearer tk");
  assert.deepEqual([body.topic, body.priority, body.actions[0].url], ["alerts-ada", 5, message.url]);
});

test("slack: an attachment with a colour; markup in names stays text", async () => {
  await using server = await httpServer();
  await send({ kind: "slack", url: `${server.url}/services/T/B/X` }, message, soon());
  const body = JSON.parse(server.requests[0]?.body ?? "");
  assert.match(body.text, /shöp is down &lt;now&gt; &amp; again/);
  assert.deepEqual([body.attachments[0].color, body.attachments[0].title_link], ["danger", message.url]);
});

test("command: the message on standard input; an exit code is a failure with what it printed", async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "got");
  await send({ kind: "command", command: ["sh", "-c", 'cat > "$0"', file] }, message, soon());
  assert.deepEqual(JSON.parse(await readFile(file, "utf8")), message);
  const failing = { kind: "command" as const, command: ["sh", "-c", "echo no modem >&2; exit 3"] };
  await assert.rejects(send(failing, message, soon()), /exit code 3: no modem/);
  await assert.rejects(send({ kind: "command", command: ["/no/such/program"] }, message, soon()), /ENOENT/);
});
