import { refuseRemote, startServer } from "../../flows/local.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "server start",
  summary: "start Havn in the background",
  group: "Server",
  description: "`havn up` does this by itself. A supervisor starts the server again when it dies.",
  access: [],
  examples: [["havn server start --data /srv/havn --port 4700", "on a data directory of its own"]],
  async run({ globals, io, signal }) {
    refuseRemote(globals, "server start");
    const { server, started } = await startServer({ globals, io, signal });
    const what = started ? "Havn runs" : "Havn was running already,";
    io.tell(`${io.style.green("✓")} ${what} at http://127.0.0.1:${server.port} (process ${server.pid}).`);
    return undefined;
  },
});
