import { connect } from "../../api/connect.ts";
import { segmentsAnswer } from "../../api/response.ts";
import { chooseSchedule, schedulePath } from "../../flows/schedules.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { shiftsView } from "../../views/response.ts";

const dayMs = 86_400_000;

export const command = defineCommand({
  name: "oncall show",
  summary: "a schedule's shifts: who, from when, until when, and why",
  group: "Look",
  description:
    "Times are those of the schedule's zone. Subscribe to the same in a calendar: /api/v1/schedules/ENVIRONMENT/SCHEDULE/calendar.ics.",
  access: ["schedule:read"],
  arguments: [{ name: "SCHEDULE", description: "its name, or ENVIRONMENT/NAME" }],
  options: {
    days: { type: "string", value: "N", description: "how far ahead (14 where unset, at most 400)" },
    json: shared.json,
  },
  examples: [
    ["havn oncall show primary", "two weeks ahead"],
    ["havn oncall show prod/primary --days 90 --json", "for a program"],
  ],
  async run({ arguments: [wanted = ""], options, globals, io, signal }) {
    const days = Number(options.days ?? 14);
    if (!(Number.isInteger(days) && days >= 1 && days <= 400))
      throw new UsageError(`--days "${options.days}" is no number of days`, "Write 1 to 400.");
    const api = await connect(globals, signal);
    const schedule = await chooseSchedule(api, wanted, signal);
    const from = io.now();
    const path = `${schedulePath(schedule)}?from=${from}&to=${from + days * dayMs}`;
    const answer = await api.get(path, segmentsAnswer, { signal });
    io.out(
      options.json
        ? JSON.stringify(answer, undefined, 2)
        : shiftsView(answer.segments, { zone: schedule.zone, style: io.style }),
    );
    return undefined;
  },
});
