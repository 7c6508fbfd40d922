import { connect } from "../../api/connect.ts";
import { rulesAnswer } from "../../api/telemetry.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { rulesView } from "../../views/rules.ts";

export const command = defineCommand({
  name: "rules",
  summary: "recording and alerting rules: how each went, which match nothing or could not be read",
  group: "Look",
  description:
    "Rules that are declared with alert() and its like, those of Prometheus' rule files, and record(). A rule whose " +
    "selectors have matched no series within a day is told with them: it can never fire.",
  access: ["rule:read"],
  options: {
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    json: shared.json,
  },
  examples: [
    ["havn rules", "each group with its rules"],
    ["havn rules --json | jq '.groups[].rules[] | select(.health == \"err\")'", "for a program"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { environment: options.environment };
    const answer = await api.get("/api/v1/rules", rulesAnswer, { query, signal });
    io.out(
      options.json
        ? JSON.stringify(answer, undefined, 2)
        : rulesView(answer, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
