import { refuseRemote } from "../../flows/local.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { readReady } from "../../server/control.ts";
import { findServer } from "../../server/record.ts";
import { serverView } from "../../views/server.ts";

export const command = defineCommand({
  name: "server status",
  summary: "whether Havn runs here, and how its parts are",
  group: "Server",
  description: "Exit code 0: it runs and is ready; 1: it does not, or a part of it is down.",
  access: [],
  options: { json: shared.json },
  examples: [["havn server status", "process, port, databases"]],
  async run({ options, globals, io }) {
    refuseRemote(globals, "server status");
    const server = findServer(globals.dataDirectory);
    const ready = server && (await readReady(server.port));
    if (options.json) io.out(JSON.stringify({ running: server !== undefined, server, ready }, undefined, 2));
    else
      io.out(
        serverView(
          { server, ready, dataDirectory: globals.dataDirectory },
          { style: io.style, now: io.now() },
        ),
      );
    return ready?.ready ? exitCodes.ok : exitCodes.error;
  },
});
