import type { Channel } from "@havn/model";
import * as command from "./command/index.ts";
import * as email from "./email/index.ts";
import type { Message } from "./notifier.ts";
import * as ntfy from "./ntfy/index.ts";
import * as slack from "./slack/index.ts";
import * as webhook from "./webhook/index.ts";

export type { Message } from "./notifier.ts";

/** References in the channel were resolved already. See notifier.ts for the contract. */
export function send(channel: Channel, message: Message, signal: AbortSignal): Promise<string> {
  switch (channel.kind) {
    case "email":
      return email.send({ ...channel, password: plain(channel.password) }, message, signal);
    case "webhook":
      return webhook.send({ url: required(channel.url), secret: plain(channel.secret) }, message, signal);
    case "ntfy":
      return ntfy.send({ url: required(channel.url), token: plain(channel.token) }, message, signal);
    case "slack":
      return slack.send({ url: required(channel.url) }, message, signal);
    case "command":
      return command.send(channel, message, signal);
  }
}

const plain = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function required(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error("the channel's address was not resolved");
}
