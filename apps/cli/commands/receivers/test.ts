import { receiverTestSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { askedTemplate, receiverPath, templateOptions } from "../../flows/receivers.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { receiverTestView } from "../../views/receivers.ts";

export const command = defineCommand({
  name: "receivers test",
  summary: "send a message that is marked as a test on every way of a receiver, and show what came of each",
  group: "Environments",
  description:
    "To its channels, and on all ways of those whom its escalation would ask first now: each once, at the same time, for " +
    "fifteen seconds at most. It opens no incident and cannot be answered. Exit code 1: a way did not take it.",
  access: ["receiver:test", "environment:read"],
  arguments: [{ name: "RECEIVER", description: "its name, as `havn receivers` shows it" }],
  options: {
    environment: shared.environment,
    ...templateOptions,
    json: shared.json,
  },
  examples: [
    ["havn receivers test chat", "does it arrive?"],
    ["havn receivers test oncall --alert 4be1c0a2d3f4e5a6", "with the text of that alert"],
  ],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = `${receiverPath(environment, name)}/test`;
    const test = await api.post(path, receiverTestSchema, { body: askedTemplate(options), signal });
    io.out(options.json ? JSON.stringify(test, undefined, 2) : receiverTestView(test, { style: io.style }));
    return test.attempts.every(({ accepted }) => accepted) ? exitCodes.ok : exitCodes.error;
  },
});
