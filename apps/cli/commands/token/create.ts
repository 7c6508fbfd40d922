import { findDuration } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { newToken } from "../../api/schemas.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "token create",
  summary: "a token for a program or another computer",
  group: "Access",
  description: "The token is shown once; Havn keeps only its hash.",
  access: ["token:create"],
  options: {
    role: {
      type: "string",
      value: "ROLE",
      description: "what it may do (viewer where unset)",
      choices: ["viewer", "operator", "admin"],
    },
    name: { type: "string", value: "NAME", description: "what it is for, as lists show it" },
    "expires-in": {
      type: "string",
      value: "DURATION",
      description: "how long it is good for (90d where unset)",
    },
    json: shared.json,
  },
  examples: [
    ["havn token create --role viewer --name grafana", "read-only, for ninety days"],
    ["HAVN_TOKEN=$(havn token create --role operator -q) havn status", "standard output is the token alone"],
  ],
  async run({ options, globals, io, signal }) {
    const expiresIn = options["expires-in"] ?? "90d";
    if (findDuration(expiresIn) === undefined)
      throw new UsageError(`--expires-in "${expiresIn}" is no duration`, 'Write for example "12h" or "90d".');
    const role = options.role ?? "viewer";
    const body = { role, name: options.name ?? `${role} from the command line`, expiresIn };
    const created = await (await connect(globals, signal)).post("/api/v1/tokens", newToken, { body, signal });
    io.tell("Keep it safe: it is shown only now.");
    io.out(options.json ? JSON.stringify(created, undefined, 2) : created.token);
    return undefined;
  },
});
