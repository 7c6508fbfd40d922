import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Message } from "@havn/response/testing";

export interface ToldHook extends AsyncDisposable {
  url: string;
  /** What came, by the order in which it came, each id once. Throws where a signature is not `secret`'s. */
  messages(secret: string): Message[];
}

/** Takes what Havn's webhook channel sends. */
export async function openHook(): Promise<ToldHook> {
  const got: { body: string; signature: string }[] = [];
  const server = createServer(async (request, response) => {
    got.push({ body: await text(request), signature: String(request.headers["x-havn-signature"]) });
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/havn`,
    messages(secret) {
      const all = got.map(({ body, signature }) => {
        const [, seconds, given = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
        const right = createHmac("sha256", secret).update(`${seconds}.${body}`).digest();
        if (given === "" || !timingSafeEqual(Buffer.from(given, "hex"), right))
          throw new Error(`signed with another secret: ${signature}`);
        return JSON.parse(body) as Message;
      });
      return [...new Map(all.map((message) => [message.id, message])).values()];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A mail's subject and text, decoded. */
export function readMail(mail: string): { subject: string; text: string } {
  const [head = "", body = ""] = mail.split("\n\n");
  const words = [...head.matchAll(/=\?utf-8\?B\?([^?]+)\?=/g)].map(([, word = ""]) => word);
  const decode = (base64: string) => Buffer.from(base64, "base64").toString();
  return { subject: words.map(decode).join(""), text: decode(body) };
}
