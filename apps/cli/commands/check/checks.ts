import { checksAnswer } from "../../api/checks.ts";
import { connect } from "../../api/connect.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { checksView } from "../../views/checks.ts";

export const command = defineCommand({
  name: "checks",
  summary: "checks: state, what they said last, when they run next",
  group: "Look",
  access: ["check:read"],
  options: {
    environment: { ...shared.environment, description: "only of this environment (unset: of all)" },
    state: {
      type: "string",
      value: "STATE",
      description: "only in this state",
      choices: ["ok", "warning", "critical", "unknown", "pending", "problem"],
    },
    json: shared.json,
  },
  examples: [
    ["havn checks", "all of them, what is wrong first"],
    ["havn checks --state problem", "those that are not OK"],
    ["havn checks -e shop --json", "for a program"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { environment: options.environment };
    const answer = await api.get("/api/v1/checks", checksAnswer, { query, signal });
    const { state } = options;
    const checks = answer.checks.filter(
      ({ result }) =>
        state === undefined ||
        (state === "problem"
          ? result !== undefined && result.state !== "ok"
          : (result?.state ?? "pending") === state),
    );
    if (options.json) io.out(JSON.stringify({ checks }, undefined, 2));
    else if (checks.length === 0) io.tell("No check.");
    else io.out(checksView(checks, { style: io.style, now: io.now() }));
    return undefined;
  },
});
