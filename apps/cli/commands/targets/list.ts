import { connect } from "../../api/connect.ts";
import { targetsAnswer } from "../../api/telemetry.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { targetsView } from "../../views/targets.ts";

export const command = defineCommand({
  name: "targets",
  summary: "what the control plane scrapes: health, last scrape, errors",
  group: "Look",
  description:
    "Targets of scrape configs (prometheus.yml, scrape). What agents scrape on their hosts stands in the series up.",
  access: ["target:read"],
  options: {
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    json: shared.json,
  },
  examples: [
    ["havn targets", "each job with its targets"],
    ["havn targets --json | jq '.targets[] | select(.health == \"down\")'", "for a program"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { environment: options.environment };
    const answer = await api.get("/api/v1/targets", targetsAnswer, { query, signal });
    io.out(
      options.json
        ? JSON.stringify(answer, undefined, 2)
        : targetsView(answer, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
