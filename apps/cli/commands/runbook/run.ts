import { runbookRunSchema } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { followRunbookRun } from "../../flows/runbooks.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes, UsageError } from "../../kit/exit.ts";
import { runbookStepLine } from "../../views/runbooks.ts";

export const command = defineCommand({
  name: "runbook run",
  summary: "start a runbook and follow it, step by step",
  group: "Environments",
  description:
    "It goes on when this command ends, and when the control plane is killed. A dry run asks the same questions of " +
    "metrics and hosts, does nothing, and tells what each step would do: where the function goes another way after what " +
    "a step gives, it goes the way of success. Exit code 1: it failed, or somebody refused.",
  access: ["runbook:run", "runbook:read", "environment:read"],
  arguments: [{ name: "RUNBOOK", description: "its name, as `havn runbook list` shows it" }],
  options: {
    environment: shared.environment,
    "dry-run": { type: "boolean", short: "n", description: "do nothing, tell what would be done" },
    incident: { type: "string", value: "ID", description: "the incident that it is for" },
    with: { type: "list", value: "NAME=JSON", description: "in place of what is declared under `with`" },
    json: shared.json,
  },
  examples: [
    ["havn runbook run restart-shop", "as whoever the token belongs to"],
    ["havn runbook run restart-shop --dry-run", "what it would do now"],
    ["havn runbook run drain --with host='\"web-2\"'", "for another host than the declared one"],
  ],
  async run({ arguments: [name = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const body = {
      dryRun: options["dry-run"],
      ...(options.incident !== undefined && { incident: numberOf(options.incident) }),
      ...(options.with.length > 0 && { with: Object.fromEntries(options.with.map(pairOf)) }),
    };
    const path = `/api/v1/runbooks/${encodeURIComponent(environment)}/${encodeURIComponent(name)}/runs`;
    const started = await api.post(path, runbookRunSchema, { body, signal });
    const ended = await followRunbookRun(api, started.id, {
      signal,
      onStep(step) {
        if (options.json) io.out(JSON.stringify(step));
        else io.out(runbookStepLine(step, io.style));
      },
    });
    const { state, error, id } = ended.run;
    const short = id.slice(0, 8);
    if (options.json) io.out(JSON.stringify({ run: ended.run }));
    else if (state === "succeeded") io.tell(`${io.style.green("✓")} ${name} ended well.`);
    else if (state === "waiting")
      io.tell(
        `It waits for an answer: havn runbook approve ${short}, refuse ${short} or answer ${short} TEXT.`,
      );
    else io.warn(`${name} ${state}${error === null ? "" : `: ${error}`}`);
    return state === "succeeded" || state === "waiting" ? exitCodes.ok : exitCodes.error;
  },
});

function numberOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`--incident "${text}" is no number`, "`havn incidents` shows them.");
}

function pairOf(text: string): [string, unknown] {
  const at = text.indexOf("=");
  try {
    if (at > 0) return [text.slice(0, at), JSON.parse(text.slice(at + 1))];
  } catch {
    // Told below.
  }
  throw new UsageError(`--with "${text}" is not NAME=JSON`, "Write for example --with 'host=\"web-2\"'.");
}
