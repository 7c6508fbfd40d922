import { type EnvironmentStatus, environmentStatusSchema } from "@havn/model";
import type { Api } from "../../api/client.ts";
import { connect } from "../../api/connect.ts";
import { environmentsAnswer } from "../../api/schemas.ts";
import { watch } from "../../flows/watch.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { statusView } from "../../views/status.ts";

export const command = defineCommand({
  name: "status",
  summary: "hosts, services, instances, releases, health and alerts at a glance",
  group: "Look",
  access: ["environment:read"],
  arguments: [{ name: "ENVIRONMENT", description: "unset: all of them", optional: true }],
  options: {
    json: shared.json,
    watch: { type: "boolean", short: "w", description: "show it again every second until Ctrl-C" },
  },
  examples: [
    ["havn status", "everything"],
    ["havn status shop --watch", "one environment, as it changes"],
    ["havn status --json | jq -r '.environments[].health'", "for a program"],
  ],
  async run({ arguments: [named], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const render = async () => {
      const environments = await readStatuses(api, named, signal);
      if (options.json) return JSON.stringify({ environments }, undefined, 2);
      if (environments.length === 0) return "There is no environment yet. Make one with `havn up PATH`.";
      return environments
        .map((status) => statusView(status, { style: io.style, now: io.now() }))
        .join("\n\n");
    };
    if (options.watch) await watch(render, io, signal);
    else io.out(await render());
    return undefined;
  },
});

async function readStatuses(
  api: Api,
  named: string | undefined,
  signal: AbortSignal,
): Promise<EnvironmentStatus[]> {
  const names =
    named !== undefined
      ? [named]
      : (await api.get("/api/v1/environments", environmentsAnswer, { signal })).environments.map(
          ({ environment }) => environment,
        );
  return Promise.all(
    names.map((name) =>
      api.get(`/api/v1/environments/${encodeURIComponent(name)}/status`, environmentStatusSchema, { signal }),
    ),
  );
}
