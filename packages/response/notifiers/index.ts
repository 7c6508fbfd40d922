import type { Channel } from "@havn/model";
import * as command from "./command/index.ts";
import * as discord from "./discord/index.ts";
import * as email from "./email/index.ts";
import * as matrix from "./matrix/index.ts";
import * as mattermost from "./mattermost/index.ts";
import type { Message } from "./notifier.ts";
import * as ntfy from "./ntfy/index.ts";
import * as opsgenie from "./opsgenie/index.ts";
import * as pagerduty from "./pagerduty/index.ts";
import * as slack from "./slack/index.ts";
import * as syslog from "./syslog/index.ts";
import * as teams from "./teams/index.ts";
import * as telegram from "./telegram/index.ts";
import * as twilio from "./twilio/index.ts";
import * as webhook from "./webhook/index.ts";
import * as webpush from "./webpush/index.ts";

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
    case "teams":
      return teams.send({ url: required(channel.url) }, message, signal);
    case "mattermost":
      return mattermost.send({ ...channel, url: required(channel.url) }, message, signal);
    case "matrix": {
      const [homeserver, token] = [required(channel.homeserver), required(channel.token)];
      return matrix.send({ homeserver, token, room: channel.room }, message, signal);
    }
    case "discord":
      return discord.send({ url: required(channel.url) }, message, signal);
    case "telegram": {
      const [token, server] = [required(channel.token), required(channel.server)];
      return telegram.send({ token, server, chat: channel.chat }, message, signal);
    }
    case "webpush": {
      const [endpoint, privateKey] = [required(channel.endpoint), required(channel.privateKey)];
      return webpush.send({ ...channel, endpoint, privateKey }, message, signal);
    }
    case "pagerduty":
      return pagerduty.send(
        { key: required(channel.key), server: required(channel.server) },
        message,
        signal,
      );
    case "opsgenie":
      return opsgenie.send({ key: required(channel.key), server: required(channel.server) }, message, signal);
    case "sms":
    case "voice": {
      const settings = { ...channel, token: required(channel.token), server: required(channel.server) };
      return channel.kind === "sms"
        ? twilio.sendSms(settings, message, signal)
        : twilio.sendVoice(settings, message, signal);
    }
    case "syslog":
      return syslog.send(channel, message, signal);
    case "command":
      return command.send(channel, message, signal);
  }
}

const plain = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function required(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error("a secret or an address of the channel was not resolved");
}
