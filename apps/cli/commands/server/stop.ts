import { refuseRemote } from "../../flows/local.ts";
import { defineCommand } from "../../kit/command.ts";
import { stopServer } from "../../server/control.ts";

export const command = defineCommand({
  name: "server stop",
  summary: "stop Havn; agents and services go on",
  group: "Server",
  description: "Agents keep their services running and keep what they measure until the server is back.",
  access: [],
  examples: [
    ["havn server stop", "for example before an upgrade"],
    ["havn down", "stops services and machines here too"],
  ],
  async run({ globals, io, signal }) {
    refuseRemote(globals, "server stop");
    const stopped = await stopServer(globals.dataDirectory, signal);
    io.tell(stopped ? `${io.style.green("✓")} Havn is stopped.` : "Havn was not running.");
    return undefined;
  },
});
