import { incidentNoteSchema, incidentSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { defineCommand } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "incident update",
  summary: "tell stakeholders how an incident stands, or change its severity, roles and services",
  group: "Environments",
  description:
    "A text goes to the status pages of a public incident and to their subscribers. Status: investigating, identified, " +
    "or monitoring, which says that users do not suffer from it any more.",
  access: ["incident:update"],
  arguments: [
    { name: "INCIDENT", description: "its number, as `havn incidents` shows it" },
    { name: "TEXT", description: "for stakeholders", optional: true },
  ],
  options: {
    status: {
      type: "string",
      value: "STATUS",
      choices: ["investigating", "identified", "monitoring"],
      description: "with a text: how it stands (investigating where unset)",
    },
    severity: {
      type: "string",
      value: "SEVERITY",
      choices: ["info", "warning", "critical"],
      description: "how bad it is",
    },
    title: { type: "string", value: "TITLE", description: "what it is called" },
    role: {
      type: "list",
      value: "ROLE=PERSON",
      description: "commander, communications or scribe; ROLE= takes it away",
    },
    service: { type: "list", value: "NAME", description: "a service that it concerns" },
    public: { type: "boolean", description: "status pages tell of it" },
    private: { type: "boolean", description: "status pages tell no more of it" },
  },
  examples: [
    ["havn incident update 12 'Orders come in again.' --status monitoring", "mitigated: status pages say so"],
    ["havn incident update 12 --severity critical --role commander=ada", "only for those who work on it"],
  ],
  async run({ arguments: [id = "", text], options, globals, io, signal }) {
    const { severity, title, role, service } = options;
    if (options.public && options.private) throw new UsageError("--public and --private exclude each other");
    const change = {
      ...(severity !== undefined && { severity }),
      ...(title !== undefined && { title }),
      ...(role.length > 0 && { roles: Object.fromEntries(role.map(roleOf)) }),
      ...(service.length > 0 && { services: service }),
      ...((options.public || options.private) && { public: options.public }),
    };
    if (text === undefined && (options.status !== undefined || Object.keys(change).length === 0))
      throw new UsageError(
        "There is nothing to tell",
        "Write a text, or say what changes: --severity, --role, …",
      );
    const api = await connect(globals, signal);
    const path = `/api/v1/incidents/${encodeURIComponent(id)}`;
    if (Object.keys(change).length > 0) await api.patch(path, incidentSchema, { body: change, signal });
    if (text !== undefined) {
      const body = { text, status: options.status ?? "investigating" };
      await api.post(`${path}/updates`, incidentNoteSchema, { body, signal });
    }
    io.tell(`${io.style.green("✓")} Incident ${id} is up to date.`);
    return undefined;
  },
});

function roleOf(text: string): [string, string] {
  const [role = "", person] = text.split("=");
  if (person !== undefined && ["commander", "communications", "scribe"].includes(role)) return [role, person];
  throw new UsageError(`--role "${text}" is not ROLE=PERSON`, "Roles: commander, communications, scribe.");
}
