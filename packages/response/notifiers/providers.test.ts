// Each notifier against a fake of its provider: a local server that holds the requests to the provider's documented form
// and answers as it does.
import assert from "node:assert/strict";
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from "node:crypto";
import { test } from "node:test";
import { type Channel, channelSchema } from "@havn/model";
import { fakeProvider, type Received } from "../testing/providers.ts";
import { type Message, send } from "./index.ts";
import { encryptPush } from "./webpush/encrypt.ts";

const message: Message = {
  ...{ id: "0123456789abcdef0123456789abcdef", about: "group-1", state: "firing", severity: "critical" },
  subject: "critical: shöp *is* <down> & @here",
  text: "firing: shop is down\nfiring: [blog](http://x) too",
  url: "https://havn.test/answer/x",
  ...{ answerable: true, at: Date.UTC(2026, 0, 1) },
  alerts: [{ labels: { alertname: "down", host: "web-1" }, summary: "shop is down", state: "firing" }],
};
const resolved: Message = { ...message, state: "resolved" };
const soon = () => AbortSignal.timeout(60_000);
const channel = (value: Record<string, unknown>): Channel => channelSchema.parse(value);
const bodyOf = (received: Received | undefined) => JSON.parse(received?.body.toString() ?? "");

test("teams: an adaptive card with a button; Markdown in names stays text", async () => {
  await using fake = await fakeProvider(() => ({ status: 202 }));
  assert.equal(
    await send(channel({ kind: "teams", url: `${fake.url}/workflows/1` }), message, soon()),
    "answered 202",
  );
  const { type, attachments } = bodyOf(fake.received[0]);
  assert.equal(type, "message");
  assert.equal(attachments[0].contentType, "application/vnd.microsoft.card.adaptive");
  const card = attachments[0].content;
  assert.deepEqual([card.type, card.version, card.actions[0].url], ["AdaptiveCard", "1.4", message.url]);
  assert.match(card.body[0].text, /shöp \\\*is\\\*/);
  assert.equal(card.body[0].color, "Attention");
});

test("mattermost: an attachment, and nobody is called by a name", async () => {
  await using fake = await fakeProvider(() => ({ body: "ok" }));
  await send(
    channel({ kind: "mattermost", url: `${fake.url}/hooks/x`, channel: "ops" }),
    { ...message, text: "@channel *hi*" },
    soon(),
  );
  const body = bodyOf(fake.received[0]);
  assert.equal(body.channel, "ops");
  assert.equal(body.attachments[0].text, "@\u200bchannel \\*hi\\*");
});

test("matrix: the room's alias is looked up, and the transaction's id is the message's", async () => {
  await using fake = await fakeProvider(({ method, path }) =>
    method === "GET"
      ? { json: { room_id: "!abc:test" } }
      : path.includes("/send/")
        ? { json: { event_id: "$1" } }
        : { status: 404 },
  );
  const room = { kind: "matrix", homeserver: fake.url, token: "secret", room: "#ops:test" };
  assert.equal(await send(channel(room), message, soon()), "taken as $1");
  assert.deepEqual(
    fake.received.map(({ method, path, headers }) => [method, path, headers.authorization]),
    [
      ["GET", "/_matrix/client/v3/directory/room/%23ops%3Atest", "Bearer secret"],
      ["PUT", `/_matrix/client/v3/rooms/!abc%3Atest/send/m.room.message/${message.id}`, "Bearer secret"],
    ],
  );
  const body = bodyOf(fake.received[1]);
  assert.equal(body.msgtype, "m.text");
  assert.match(body.formatted_body, /&lt;down&gt; &amp; @here/);
});

test("discord: an embed that calls nobody; too many requests are a failure that is told", async () => {
  await using fake = await fakeProvider(({ number }) =>
    number === 0
      ? { status: 429, json: { message: "You are being rate limited.", retry_after: 1 } }
      : { json: { id: "1" } },
  );
  const hook = channel({ kind: "discord", url: `${fake.url}/api/webhooks/1/x` });
  await assert.rejects(send(hook, message, soon()), /answered 429: .*rate limited/);
  await send(hook, message, soon());
  const [, second] = fake.received;
  assert.equal(second?.path, "/api/webhooks/1/x?wait=true");
  assert.deepEqual(bodyOf(second).allowed_mentions, { parse: [] });
  assert.match(bodyOf(second).embeds[0].description, /\\\[blog\\\]/);
});

test("telegram: HTML is escaped, a button leads on; what it refuses is told without the token", async () => {
  await using fake = await fakeProvider(({ number }) =>
    number === 0
      ? { json: { ok: true, result: { message_id: 7 } } }
      : { status: 400, json: { ok: false, description: "Bad Request: chat not found" } },
  );
  const bot = channel({ kind: "telegram", token: "123:SECRET", chat: "-42", server: fake.url });
  assert.equal(await send(bot, message, soon()), "taken as 7");
  const [first] = fake.received;
  assert.equal(first?.path, "/bot123:SECRET/sendMessage");
  const body = bodyOf(first);
  assert.deepEqual([body.chat_id, body.reply_markup.inline_keyboard[0][0].url], ["-42", message.url]);
  assert.match(body.text, /&lt;down&gt; &amp;/);
  await assert.rejects(send(bot, message, soon()), (error: Error) => {
    assert.match(error.message, /chat not found/);
    assert.doesNotMatch(error.message, /SECRET/);
    return true;
  });
});

test("pagerduty: trigger and resolve under one key", async () => {
  await using fake = await fakeProvider(() => ({
    status: 202,
    json: { status: "success", dedup_key: "group-1" },
  }));
  const events = channel({ kind: "pagerduty", key: "routing", server: fake.url });
  await send(events, message, soon());
  await send(events, resolved, soon());
  const [first, second] = fake.received.map(bodyOf);
  assert.equal(fake.received[0]?.path, "/v2/enqueue");
  assert.deepEqual(
    [first.routing_key, first.event_action, first.dedup_key, first.payload.severity, first.payload.source],
    ["routing", "trigger", "group-1", "critical", "web-1"],
  );
  assert.deepEqual([second.event_action, second.dedup_key], ["resolve", "group-1"]);
});

test("opsgenie: an alert by its alias, which is closed by it", async () => {
  await using fake = await fakeProvider(() => ({
    status: 202,
    json: { result: "Request will be processed" },
  }));
  const alerts = channel({ kind: "opsgenie", key: "genie", server: fake.url });
  await send(alerts, message, soon());
  await send(alerts, resolved, soon());
  const [first, second] = fake.received;
  assert.deepEqual([first?.path, first?.headers.authorization], ["/v2/alerts", "GenieKey genie"]);
  assert.deepEqual([bodyOf(first).alias, bodyOf(first).priority], ["group-1", "P1"]);
  assert.equal(second?.path, "/v2/alerts/group-1/close?identifierType=alias");
});

test("twilio: a text message, and a call that only a key answers", async () => {
  await using fake = await fakeProvider(({ path }) => ({
    status: 201,
    json: { sid: path.includes("Calls") ? "CA1" : "SM1", status: "queued" },
  }));
  const phone = {
    account: "AC123",
    token: "secret",
    from: "+4711111111",
    to: "+4722222222",
    server: fake.url,
  };
  assert.equal(await send(channel({ kind: "sms", ...phone }), message, soon()), "queued as SM1");
  assert.equal(await send(channel({ kind: "voice", ...phone }), message, soon()), "queued as CA1");
  const [sms, call] = fake.received;
  assert.equal(sms?.path, "/2010-04-01/Accounts/AC123/Messages.json");
  assert.equal(sms?.headers.authorization, `Basic ${btoa("AC123:secret")}`);
  const fields = new URLSearchParams(sms?.body.toString());
  assert.deepEqual([fields.get("To"), fields.get("From")], ["+4722222222", "+4711111111"]);
  assert.match(fields.get("Body") ?? "", /https:\/\/havn\.test\/answer\/x$/);
  const twiml = new URLSearchParams(call?.body.toString()).get("Twiml") ?? "";
  assert.match(
    twiml,
    /<Gather numDigits="1" .* action="https:\/\/havn.test\/answer\/x\/voice"><Say>.*&lt;down&gt; &amp; @here\. Press 1/,
  );
});

test("web push: what the browser alone can read, from whom the service can check", async () => {
  const browser = createECDH("prime256v1");
  browser.generateKeys();
  const auth = randomBytes(16);
  const sender = createECDH("prime256v1");
  sender.generateKeys();
  await using fake = await fakeProvider(() => ({ status: 201 }));
  const settings = {
    ...{ kind: "webpush", endpoint: `${fake.url}/push/1`, p256dh: browser.getPublicKey("base64url") },
    ...{ auth: auth.toString("base64url"), subject: "mailto:ops@example.org" },
    privateKey: Buffer.from(sender.getPrivateKey("hex").padStart(64, "0"), "hex").toString("base64url"),
  };
  await send(channel(settings), message, soon());
  const [received] = fake.received;
  assert.ok(received);
  const { headers, body } = received;
  assert.deepEqual(
    [headers["content-encoding"], headers.urgency, headers.ttl],
    ["aes128gcm", "high", "86400"],
  );
  // As the push service checks it.
  const [, token = "", key = ""] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(headers.authorization ?? "") ?? [];
  const point = Buffer.from(key, "base64url");
  const publicKey = createPublicKey({
    format: "jwk",
    key: {
      ...{ kty: "EC", crv: "P-256" },
      ...{ x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") },
    },
  });
  const [head = "", claims = "", signature = ""] = token.split(".");
  const signed = Buffer.from(`${head}.${claims}`);
  assert.ok(
    verify(
      "sha256",
      signed,
      { key: publicKey, dsaEncoding: "ieee-p1363" },
      Buffer.from(signature, "base64url"),
    ),
  );
  assert.equal(JSON.parse(Buffer.from(claims, "base64url").toString()).aud, new URL(fake.url).origin);
  // As the browser reads it.
  const salt = body.subarray(0, 16);
  const senderKey = body.subarray(21, 21 + (body[20] ?? 0));
  const about = Buffer.concat([Buffer.from("WebPush: info\0"), browser.getPublicKey(), senderKey]);
  const secret = Buffer.from(hkdfSync("sha256", browser.computeSecret(senderKey), auth, about, 32));
  const derive = (info: string, length: number) =>
    Buffer.from(hkdfSync("sha256", secret, salt, info, length));
  const cipher = createDecipheriv(
    "aes-128-gcm",
    derive("Content-Encoding: aes128gcm\0", 16),
    derive("Content-Encoding: nonce\0", 12),
  );
  const record = body.subarray(21 + senderKey.length);
  cipher.setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([cipher.update(record.subarray(0, -16)), cipher.final()]);
  assert.equal(plain.at(-1), 2);
  assert.equal(JSON.parse(plain.subarray(0, -1).toString()).title, message.subject);
});

test("web push: the example of RFC 8291, section 5", () => {
  const bytes = (text: string) => Buffer.from(text, "base64url");
  const encrypted = encryptPush(Buffer.from("When I grow up, I want to be a watermelon"), {
    receiver: bytes(
      "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    ),
    auth: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
    sender: bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
    salt: bytes("DGv6ra1nlYgDCS1FRnbzlw"),
  });
  assert.equal(
    encrypted.toString("base64url"),
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
  );
});

test("a provider that answers without end, or never, is given up", async () => {
  await using endless = await fakeProvider(() => ({ endless: true }));
  await send(channel({ kind: "slack", url: endless.url }), message, soon());
  await using silent = await fakeProvider(() => ({ silent: true }));
  const giveUp = new AbortController();
  const sending = send(channel({ kind: "slack", url: silent.url }), message, giveUp.signal);
  await silent.first;
  giveUp.abort();
  await assert.rejects(sending);
});
