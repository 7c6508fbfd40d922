import { findDuration, type MaintenanceWindow, maintenanceWindow } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { maintenancePreview } from "../../api/response.ts";
import { environmentsAnswer, maintenanceSchema } from "../../api/schemas.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { Interrupted, UsageError } from "../../kit/exit.ts";
import { openingsView } from "../../views/maintenance.ts";
import { coversView } from "../../views/silences.ts";

interface RecurringOptions {
  rrule?: string | undefined;
  from?: string | undefined;
  zone?: string | undefined;
  except?: string | undefined;
  for: string;
  now: number;
}

/** The window that the options describe; undefined for what is once. Throws a UsageError for what cannot be read. */
function recurringOf({ rrule, now, ...options }: RecurringOptions): MaintenanceWindow | undefined {
  if (rrule === undefined) {
    if (options.from ?? options.zone ?? options.except)
      throw new UsageError("--from, --zone and --except are of what comes again", "Add --rrule.");
    return undefined;
  }
  const zone = options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const read = maintenanceWindow.safeParse({
    ...{ rrule, zone, for: options.for, from: options.from ?? wallTime(now, zone) },
    ...(options.except !== undefined && { except: options.except.split(",") }),
  });
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const inner = issue && "errors" in issue ? (issue.errors as { message: string }[][])[0]?.[0] : issue;
  throw new UsageError(
    `The window cannot be read: ${inner?.message ?? "it is no window"}`,
    'Write for example --rrule "FREQ=WEEKLY;BYDAY=SA" --from 2026-11-28T02:00 --zone Europe/Oslo --for 4h.',
  );
}

/** `2026-11-28T02:00` there. */
const wallTime = (at: number, zone: string): string =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" })
    .format(at)
    .replace(" ", "T");

export const command = defineCommand({
  name: "maintenance start",
  summary: "let agents mend nothing and nobody be told for a while, on a host or in an environment",
  group: "Environments",
  description:
    "Drift is still looked for and shown, alerts are shown and nobody is told of them. What it covers is told first. It ends by itself, also while the control plane is away. What comes again and again is declared in the configuration (maintenance(…)), or begun with --rrule; `havn maintenance stop` ends it.",
  access: ["maintenance:create", "maintenance:read", "environment:read"],
  arguments: [
    { name: "WHAT", description: "host or environment; HOST is looked for in the environment of -e" },
  ],
  options: {
    environment: shared.environment,
    for: { type: "string", value: "DURATION", description: "how long (1h where unset)" },
    rrule: {
      type: "string",
      value: "RULE",
      description: "comes again and again (RFC 5545); --for is its length",
    },
    from: {
      type: "string",
      value: "TIME",
      description: "with --rrule: the first time, 2026-11-28T02:00 (now where unset)",
    },
    zone: {
      type: "string",
      value: "ZONE",
      description: "with --rrule: whose clock (this computer's where unset)",
    },
    except: {
      type: "string",
      value: "TIMES",
      description: "with --rrule: days or times left out, parted by commas",
    },
    match: {
      type: "string",
      value: "MATCHERS",
      description: "hold only these alerts, and mend as ever: severity!=critical,team=web",
    },
    "dry-run": { type: "boolean", description: "only tell when it would be open and what it would cover" },
    yes: shared.yes,
    reason: { type: "string", value: "TEXT", description: "why, as others see it" },
    json: shared.json,
  },
  examples: [
    ["havn maintenance start web-1 --for 2h --reason 'new disk'", "one host"],
    ["havn maintenance start shop --for 30m --reason 'move'", "all hosts of an environment"],
    [
      "havn maintenance start web-1 --rrule 'FREQ=MONTHLY;BYDAY=2TU' --from 2026-12-08T22:00 --for 4h --zone Europe/Oslo --reason patches",
      "the second Tuesday of each month",
    ],
  ],
  async run({ arguments: [what = ""], options, globals, io, signal }) {
    const length = options.for ?? "1h";
    if (findDuration(length) === undefined)
      throw new UsageError(`--for "${length}" is no duration`, 'Write for example "30m" or "2h".');
    if (!options.reason) throw new UsageError("Why is not told", 'Add --reason "…": others see it.');
    const api = await connect(globals, signal);
    const { environments } = await api.get("/api/v1/environments", environmentsAnswer, { signal });
    const isEnvironment =
      options.environment === undefined && environments.some(({ environment }) => environment === what);
    const environment = isEnvironment
      ? what
      : await chooseEnvironment(options.environment, { globals, api, signal });
    const place = { environment, ...(what !== environment && { host: what }) };
    const match = options.match === undefined ? [] : options.match.split(/,(?=[A-Za-z_]\w*(?:=|!))/);
    const recurring = recurringOf({ ...options, for: length, now: io.now() });
    const asked = { ...place, match, ...(recurring && { recurring }) };
    const preview = await api.post("/api/v1/maintenance/preview", maintenancePreview, {
      body: asked,
      signal,
    });
    const view = () =>
      [
        ...(recurring ? [openingsView(preview.next)] : []),
        coversView(preview.covers, { style: io.style, now: io.now() }),
      ].join("\n");
    if (options["dry-run"]) {
      io.out(options.json ? JSON.stringify(preview, undefined, 2) : view());
      return undefined;
    }
    io.tell(view());
    if (io.live && !options.yes) {
      const answer = await io.ask("Begin? [y/N] ", "Run it with --yes.", signal);
      if (!/^y(es)?$/i.test(answer.trim())) throw new Interrupted("Nothing was begun.");
    }
    const body = { ...asked, ...(!recurring && { for: length }), reason: options.reason };
    const begun = await api.post("/api/v1/maintenance", maintenanceSchema, { body, signal });
    if (options.json) io.out(JSON.stringify(begun, undefined, 2));
    else {
      const where = match.length > 0 ? "Alerts are held" : `Nothing is mended on ${begun.hosts.join(", ")}`;
      io.tell(
        `${io.style.green("✓")} ${where} ${recurring ? "whenever it is open" : `for ${length}`}. \`havn maintenance stop\` with this ends it:`,
      );
      io.out(begun.id);
    }
    return undefined;
  },
});
