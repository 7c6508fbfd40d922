import { connect } from "../../api/connect.ts";
import { driftAnswer } from "../../api/schemas.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { driftView } from "../../views/drift.ts";

export const command = defineCommand({
  name: "drift",
  summary: "what was changed by hand on hosts, with the differences",
  group: "Look",
  description: "Exit code 0: everything is as it was applied; 2: something differs; 1: an error.",
  access: ["environment:read"],
  options: {
    environment: shared.environment,
    json: shared.json,
    refresh: { type: "boolean", description: "ask the agents now, rather than show what they found last" },
  },
  examples: [
    ["havn drift", "what agents found at their last check (each minute)"],
    ["havn drift --refresh", "check now"],
    ["havn apply", "mend it"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = `/api/v1/environments/${encodeURIComponent(environment)}/drift`;
    const query = { refresh: options.refresh ? true : undefined };
    const answer = await api.get(path, driftAnswer, { query, signal });
    io.out(
      options.json
        ? JSON.stringify(answer, undefined, 2)
        : driftView(environment, answer, { style: io.style, now: io.now() }),
    );
    return answer.drift.length > 0 ? exitCodes.changes : exitCodes.ok;
  },
});
