import { receiverPreviewSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { askedTemplate, receiverPath, templateOptions } from "../../flows/receivers.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { receiverPreviewView } from "../../views/receivers.ts";

export const command = defineCommand({
  name: "receivers preview",
  summary: "the text of a receiver's notification, filled in with a real alert; nobody is told",
  group: "Look",
  description:
    "Of the newest alert that a route tells it of, with its group; of an example where there is none. A template that is " +
    "given is tried before it is declared. Exit code 1: the template cannot be read.",
  access: ["receiver:read", "environment:read"],
  arguments: [{ name: "RECEIVER", description: "its name, as `havn receivers` shows it" }],
  options: {
    environment: shared.environment,
    ...templateOptions,
    json: shared.json,
  },
  examples: [
    ["havn receivers preview chat", "as it would be told now"],
    ["havn receivers preview chat --alert 4be1c0a2d3f4e5a6", "of an alert of `havn alerts --json`"],
    ["havn receivers preview chat --text '{{ each alerts }}{{ summary }}\\n{{ end }}'", "in other words"],
  ],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = `${receiverPath(environment, name)}/preview`;
    const preview = await api.post(path, receiverPreviewSchema, { body: askedTemplate(options), signal });
    io.out(
      options.json
        ? JSON.stringify(preview, undefined, 2)
        : receiverPreviewView(preview, { style: io.style }),
    );
    return preview.faults.length > 0 ? exitCodes.error : exitCodes.ok;
  },
});
