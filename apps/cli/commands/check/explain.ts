import { checkExplanation } from "../../api/checks.ts";
import { connect } from "../../api/connect.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { checkExplained } from "../../views/checks.ts";

export const command = defineCommand({
  name: "checks explain",
  summary: "all about a check: what it asks, how far its state is believed, what holds it back",
  group: "Look",
  access: ["check:read"],
  arguments: [{ name: "NAME", description: "name of the check" }],
  options: { environment: shared.environment, json: shared.json },
  examples: [
    ["havn checks explain shop-answers", "why it is as it is"],
    ["havn checks explain nightly-backup", "the address that the job pings"],
  ],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = `/api/v1/checks/${encodeURIComponent(environment)}/${encodeURIComponent(name)}`;
    const explained = await api.get(path, checkExplanation, { signal });
    io.out(
      options.json
        ? JSON.stringify(explained, undefined, 2)
        : checkExplained(explained, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
