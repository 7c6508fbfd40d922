import { join } from "node:path";
import { systemClock as clock } from "@havn/model";
import { openWitness, readWitnessConfig } from "@havn/response/witness";
import { defineCommand } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "witness",
  summary: "watch a Havn from elsewhere: page when it falls silent",
  group: "Server",
  description:
    "Runs on another computer, beside nothing else of Havn. The Havn that is watched pings it (HAVN_WITNESS_URL=" +
    "http://WITNESS:4700/ping/NAME/TOKEN); when no ping has come for a while, people are told over the witness' own " +
    'channels. FILE is JSON: { "watch": [{ "name": "main", "token": {"$env": "TOKEN"}, "silentFor": "2m" }], "channels": ' +
    '[{ "kind": "ntfy", "url": "https://ntfy.sh/…" }] }, channels as in receiver(…). Put TLS in front of it where the way ' +
    "is not private.",
  access: [],
  arguments: [{ name: "FILE", description: "whom it watches, and whom it tells" }],
  options: {
    listen: {
      type: "string",
      value: "ADDRESS:PORT",
      description: "where pings come in (0.0.0.0:4700 where unset)",
    },
    state: {
      type: "string",
      value: "DIR",
      description: "where it keeps what it knows (DATA/witness where unset)",
    },
  },
  examples: [["havn witness witness.json", "until it is stopped"]],
  async run({ arguments: [file = ""], options, globals, io, signal }) {
    const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(options.listen ?? "0.0.0.0:4700") ?? [];
    if (host === "" || Number(port) > 65_535)
      throw new UsageError(
        `--listen "${options.listen}" is not ADDRESS:PORT`,
        "Write for example 0.0.0.0:4700.",
      );
    const config = await readWitnessConfig(file, { ...globals.environment });
    await using witness = await openWitness({
      ...{ config, clock, listen: { host: host.replace(/^\[|\]$/g, ""), port: Number(port) } },
      directory: options.state ?? join(globals.dataDirectory, "witness"),
      log: (message) => io.tell(`${new Date(clock.now()).toISOString()} ${message}`),
    });
    io.tell(
      `waiting for pings of ${config.watch.map(({ name }) => name).join(", ")} on port ${witness.port}`,
    );
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    return undefined;
  },
});
