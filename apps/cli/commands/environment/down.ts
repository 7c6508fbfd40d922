import { createApi } from "../../api/client.ts";
import { downAnswer } from "../../api/schemas.ts";
import { refuseRemote } from "../../flows/local.ts";
import { defineCommand } from "../../kit/command.ts";
import { awaitServer, readCliToken, stopServer } from "../../server/control.ts";

export const command = defineCommand({
  name: "down",
  summary: "stop what `up` started here; the data stays",
  group: "Environments",
  description:
    "Stops the instances and agents on this computer, the machines that Havn made here, and Havn itself. Nothing is " +
    "removed: `havn up` resumes all of it in seconds. To remove an environment, use `havn destroy`.",
  access: ["server:down"],
  examples: [
    ["havn down", "stop everything here"],
    ["havn up", "resume it"],
  ],
  async run({ globals, io, signal }) {
    refuseRemote(globals, "down");
    const { dataDirectory } = globals;
    const server = await awaitServer(dataDirectory, signal);
    if (server) {
      const api = createApi({
        url: `http://127.0.0.1:${server.port}`,
        token: readCliToken(dataDirectory),
        whenAway: "`havn server stop` stops it without asking it; what it runs here is then left running.",
      });
      io.tell("Stopping what runs here …");
      const { stopped } = await api.post("/api/v1/server/down", downAnswer, { body: {}, signal });
      for (const what of stopped) io.tell(`  ${what}`);
    }
    const wasRunning = await stopServer(dataDirectory, signal);
    io.tell(
      wasRunning
        ? `${io.style.green("✓")} Havn is down. The data stays in ${dataDirectory}.`
        : "Havn was not running.",
    );
    return undefined;
  },
});
