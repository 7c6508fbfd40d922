import type { Channel, ChannelView } from "@havn/model";

/** Whom or what a channel reaches, for people to recognise it by: no token, no path that may hold one. */
export function channelView(channel: Channel): ChannelView {
  const { kind } = channel;
  switch (kind) {
    case "email":
    case "sms":
    case "voice":
      return { kind, to: channel.to };
    case "webhook":
    case "ntfy":
    case "slack":
    case "teams":
    case "mattermost":
    case "discord":
      return { kind, to: hostOf(channel.url) };
    case "webpush":
      return { kind, to: hostOf(channel.endpoint) };
    case "pagerduty":
    case "opsgenie":
      return { kind, to: hostOf(channel.server) };
    case "matrix":
      return { kind, to: channel.room };
    case "telegram":
      return { kind, to: channel.chat };
    case "syslog":
      return { kind, to: channel.server };
    case "command":
      return { kind, to: channel.command[0] ?? "" };
  }
}

/** An address may be a secret, which nobody is told. */
const hostOf = (address: unknown): string =>
  typeof address === "string" && URL.canParse(address) ? new URL(address).host : "";
