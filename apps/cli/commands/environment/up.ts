import { bringUp, upOptions } from "../../flows/up.ts";
import { defineCommand } from "../../kit/command.ts";

export const command = defineCommand({
  name: "up",
  summary: "make a declared environment real, from nothing to healthy",
  group: "Environments",
  description:
    "Reads havn.config.ts, starts Havn in the background where it is not running, shows the plan, asks, applies it, " +
    "and waits until everything is healthy. Run again it changes only what differs, and goes on where it was " +
    "interrupted. After `havn down` it resumes.",
  access: ["plan:create", "artifact:write", "apply:create", "environment:read"],
  arguments: [
    {
      name: "PATH",
      description: "a havn.config.ts or its folder; unset: the one here, else the one last used",
      optional: true,
    },
  ],
  options: upOptions,
  examples: [
    ["havn up examples/hello", "one service on this computer; needs no root"],
    ["sudo havn up examples/shop --yes", "four machines and a balanced shop, without asking"],
    ["havn up --data /tmp/second --port 4700", "a second Havn beside the first"],
  ],
  run: bringUp,
});
