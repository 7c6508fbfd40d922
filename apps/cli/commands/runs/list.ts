import { runSchema } from "@havn/model";
import { z } from "zod";
import { connect } from "../../api/connect.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { runsView } from "../../views/run.ts";

export const command = defineCommand({
  name: "runs",
  summary: "commands and copies that were run on hosts",
  group: "Hosts",
  access: ["run:read"],
  options: {
    environment: { ...shared.environment, description: "only those of this environment (unset: of all)" },
    json: shared.json,
  },
  examples: [
    ["havn runs", "the last ones: who, where, how it went"],
    ["havn runs show 1f2e3d4c", "what one of them wrote on each host"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const answer = await api.get("/api/v1/runs", z.object({ runs: z.array(runSchema) }), {
      query: { environment: options.environment },
      signal,
    });
    io.out(
      options.json
        ? JSON.stringify(answer, undefined, 2)
        : runsView(answer.runs, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
