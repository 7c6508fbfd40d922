import { incidentSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { defineCommand, shared } from "../../kit/command.ts";

export const command = defineCommand({
  name: "incident open",
  summary: "open an incident by hand",
  group: "Environments",
  access: ["incident:create"],
  arguments: [{ name: "TITLE", description: "what is wrong, in one line" }],
  options: {
    environment: { ...shared.environment, description: "environment that it is about; none where left out" },
    severity: {
      type: "string",
      value: "SEVERITY",
      choices: ["info", "warning", "critical"],
      description: "how bad it is (warning where unset)",
    },
    service: { type: "list", value: "NAME", description: "a service that it concerns" },
    public: { type: "boolean", description: "status pages tell of it" },
    json: shared.json,
  },
  examples: [
    [
      "havn incident open 'checkout is slow' -e shop --service shop",
      "its timeline fills by itself from now on",
    ],
    ["havn incident open 'no orders come in' -e shop --severity critical --public", "on the status page too"],
  ],
  async run({ arguments: [title = ""], options, globals, io, signal }) {
    const { environment, severity, service, public: isPublic } = options;
    const body = {
      ...{ title, public: isPublic },
      ...(environment !== undefined && { environment }),
      ...(severity !== undefined && { severity }),
      ...(service.length > 0 && { services: service }),
    };
    const incident = await (await connect(globals, signal)).post("/api/v1/incidents", incidentSchema, {
      body,
      signal,
    });
    if (options.json) io.out(JSON.stringify(incident, undefined, 2));
    else {
      io.tell(`${io.style.green("✓")} Opened. \`havn incident show\` with this shows it:`);
      io.out(String(incident.id));
    }
    return undefined;
  },
});
