import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@havn/testkit";
import { selfSigned } from "../testing/certificate.ts";
import { openMailServer } from "../testing/mail-server.ts";
import { openSyslogServer } from "../testing/syslog-server.ts";
import { type Message, send } from "./index.ts";

// What Debian ships, in place of servers of our own.
const message: Message = {
  ...{ id: "0123456789abcdef", about: "group-1", answerable: true, state: "firing", severity: "critical" },
  subject: "critical: shöp is down <now> & again, on a subject that is too long for one encoded word",
  text: 'firing: shop is "down"]\n.a line that begins with a dot\n',
  url: "http://havn.test/answer/x",
  at: Date.UTC(2026, 0, 1),
  alerts: [{ labels: { alertname: 'a "name" \\ with ]' }, summary: "shop is down", state: "firing" }],
};
const soon = () => AbortSignal.timeout(240_000);
const bound = { timeout: 900_000 };

test("Exim takes the mail over TLS from who may send, and delivers it once, whole", bound, async () => {
  const certificate = await selfSigned();
  const login = { user: "havn", password: "geheim" };
  await using server = await openMailServer({ tls: certificate, login });
  const mail = {
    kind: "email" as const,
    to: "ada@example.org",
    from: "havn@example.org",
    server: server.url,
  };
  const channel = { ...mail, ...login, requireTls: true, ca: certificate.cert };
  assert.match(await send(channel, message, soon()), /id=/);
  const [delivered = ""] = await until(
    async () => {
      const mails = await server.mails();
      return mails.length > 0 && mails;
    },
    { what: "the mail", timeoutMs: 120_000 },
  );
  const [head = "", body = ""] = delivered.split("\n\n");
  assert.match(head, /^Message-ID: <0123456789abcdef@havn>$/m);
  assert.match(head, /esmtpsa/);
  assert.equal(Buffer.from(body, "base64").toString(), `${message.text}\n\n${message.url}\n`);
  const words = [...head.matchAll(/=\?utf-8\?B\?([^?]+)\?=/g)].map(([, word = ""]) =>
    Buffer.from(word, "base64").toString(),
  );
  assert.equal(words.join(""), message.subject);

  await assert.rejects(send({ ...channel, password: "falsch" }, message, soon()), /535/);
  await assert.rejects(send({ ...mail, ca: certificate.cert }, message, soon()), /550/);
  await assert.rejects(send({ ...mail, ...login }, message, soon()), /self-signed|unable to verify/);
  assert.equal((await server.mails()).length, 1);
});

test("rsyslog understands each part of a message, over UDP and over TCP", bound, async () => {
  await using server = await openSyslogServer();
  for (const url of [server.udp, server.tcp])
    await send({ kind: "syslog", server: url, facility: 17 }, message, soon());
  await send({ kind: "syslog", server: server.tcp, facility: 17 }, { ...message, state: "resolved" }, soon());
  const messages = await until(
    async () => {
      const all = (await server.messages()).filter(({ program }) => program === "havn");
      return all.length >= 3 && all;
    },
    { what: "three messages", timeoutMs: 120_000 },
  );
  assert.deepEqual(messages.map(({ severity }) => severity).toSorted(), ["crit", "crit", "notice"]);
  for (const one of messages) {
    assert.equal(one.facility, "local1");
    assert.equal(Date.parse(one.time), message.at);
    assert.match(one.text, /critical: shöp is down <now>.*firing: shop is "down"\] \.a line/);
    assert.ok(one.structured.includes('alertname="a \\"name\\" \\\\ with \\]"'), one.structured);
    assert.ok(one.structured.includes(`id="${message.id}"`));
  }
});
