import { findDuration } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { newOverride } from "../../api/response.ts";
import { momentOption } from "../../flows/moment.ts";
import { chooseSchedule, schedulePath } from "../../flows/schedules.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";

export const command = defineCommand({
  name: "oncall override",
  summary: "somebody takes a schedule over for a while, or stands in for one person",
  group: "Environments",
  description:
    "Times are those of the schedule's zone. Whoever is paged already stays paged; `havn oncall cancel` takes it back.",
  access: ["schedule:override", "schedule:read"],
  arguments: [
    { name: "SCHEDULE", description: "its name, or ENVIRONMENT/NAME" },
    { name: "PERSON", description: "who takes over, by the name of the contact" },
  ],
  options: {
    from: { type: "string", value: "TIME", description: "from when (now where unset)" },
    to: { type: "string", value: "TIME", description: "until when" },
    for: { type: "string", value: "DURATION", description: "how long, instead of --to" },
    "instead-of": {
      ...{ type: "string", value: "PERSON" },
      description: "only while this person would be on call: a swap",
    },
    json: shared.json,
  },
  examples: [
    ["havn oncall override primary ada --for 2h", "from now"],
    ["havn oncall override primary ada --from '2026-12-24 16:00' --to '2026-12-25 08:00'", "Christmas eve"],
    ["havn oncall override primary ada --instead-of bo --from 2026-12-01 --to 2026-12-08", "Bo's week"],
  ],
  async run({ arguments: [wanted = "", person = ""], options, globals, io, signal }) {
    if ((options.to === undefined) === (options.for === undefined))
      throw new UsageError("Until when is not told", "Give either --to TIME or --for DURATION.");
    const api = await connect(globals, signal);
    const schedule = await chooseSchedule(api, wanted, signal);
    const { zone } = schedule;
    const from =
      options.from === undefined ? io.now() : momentOption(options.from, { option: "--from", zone });
    const to =
      options.to === undefined
        ? from + lengthOf(options.for ?? "")
        : momentOption(options.to, { option: "--to", zone });
    const body = { from, to, person, out: options["instead-of"] };
    const made = await api.post(`${schedulePath(schedule)}/overrides`, newOverride, { body, signal });
    if (options.json) io.out(JSON.stringify(made, undefined, 2));
    else {
      io.tell(`${io.style.green("✓")} ${person} takes over. \`havn oncall cancel\` with this takes it back:`);
      io.out(made.id);
    }
    return undefined;
  },
});

function lengthOf(text: string): number {
  const length = findDuration(text);
  if (length === undefined || length <= 0)
    throw new UsageError(`--for "${text}" is no duration`, 'Write for example "30m" or "12h".');
  return length;
}
