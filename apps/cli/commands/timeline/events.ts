import { formatAddress } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { eventsAnswer } from "../../api/schemas.ts";
import { followEvents } from "../../flows/events.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { sinceOption } from "../../flows/since.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { eventLine } from "../../views/events.ts";

export const command = defineCommand({
  name: "events",
  summary: "the timeline: applies, releases, restarts, alerts, drift",
  group: "Look",
  access: ["event:read"],
  options: {
    follow: { type: "boolean", short: "f", description: "go on with new events until Ctrl-C" },
    since: { type: "string", value: "TIME", description: 'from "10m" ago, or from an ISO time' },
    kind: { type: "string", value: "KIND", description: "only this kind, for example alert.firing" },
    host: { type: "string", value: "HOST", description: "only about this host" },
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    json: { type: "boolean", description: "one JSON object a line" },
  },
  examples: [
    ["havn events", "the last ones"],
    ["havn events -f", "as they happen"],
    ["havn events --since 1h --kind alert.firing", "what fired in the last hour"],
  ],
  async run({ options, globals, io, signal }) {
    const since = sinceOption(options.since, io.now());
    const api = await connect(globals, signal);
    const host =
      options.host && (await hostAddress(options.host, options.environment, { globals, api, signal }));
    const query = { environment: options.environment, kind: options.kind, host };
    const { events } = await api.get("/api/v1/events", eventsAnswer, {
      query: { ...query, limit: since === undefined ? 50 : 1000 },
      signal,
    });
    const recent = events
      .filter(({ at }) => since === undefined || at >= since)
      .sort((left, right) => left.id - right.id);
    const show = (shown: typeof events) => {
      for (const event of shown) io.out(options.json ? JSON.stringify(event) : eventLine(event, io.style));
    };
    show(recent);
    const last = events.reduce((highest, { id }) => Math.max(highest, id), 0);
    if (options.follow) await followEvents({ api, io, signal }, { query, after: last }, show);
    else if (recent.length === 0) io.tell("Nothing has happened there.");
    return undefined;
  },
});

/** Events name hosts by address: `web-1` of the environment at hand, or an address as it stands. */
async function hostAddress(
  host: string,
  environment: string | undefined,
  where: Parameters<typeof chooseEnvironment>[1],
): Promise<string> {
  if (host.includes("/")) return host;
  return formatAddress({
    environment: await chooseEnvironment(environment, where),
    type: "host",
    name: host,
  });
}
