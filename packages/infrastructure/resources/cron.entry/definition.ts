import { z } from "zod";
import { type OwnFile, removeOwnFile, writeOwnFile } from "../own-file.ts";
import { planOf } from "../parts.ts";
import { accountName, oneLine, textProperty } from "../text.ts";
import type { HostPlan, ResourceDefinition, Wanted } from "../type.ts";
import { isSchedule } from "./schedule.ts";

export const cronEntrySchema = z.strictObject({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]+$/,
      "expected letters, digits, hyphens and underscores: cron passes over files with other names",
    )
    .describe("name of its file in /etc/cron.d"),
  schedule: z
    .string()
    .refine(
      isSchedule,
      'expected minute, hour, day, month and weekday as cron knows them ("*/5 * * * *"), or "@daily" and its like',
    )
    .describe("when it runs, in the host's time zone"),
  command: z
    .string()
    .regex(/^[^\n]*\S[^\n]*$/, "expected one line")
    .describe("shell command; a % is taken as it stands"),
  user: accountName.default("root").describe("who runs it"),
  environment: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), textProperty)
    .default({})
    .describe("variables, such as MAILTO and PATH"),
  absent: z.boolean().default(false).describe("true: the entry must not be there"),
});
export type CronEntryProperties = Omit<z.output<typeof cronEntrySchema>, "environment"> & {
  environment: Record<string, string>;
};

export interface CronEntryObserved {
  file?: OwnFile;
  ours: boolean;
}

const cronEntry: ResourceDefinition<CronEntryProperties, CronEntryObserved> = {
  type: "cron.entry",
  schema: cronEntrySchema,
  plan: planEntry,
  paths: ({ name }) => [entryPath(name)],
  keeps: ({ name }) => [entryPath(name)],
};
export default cronEntry;

export const entryPath = (name: string): string => `/etc/cron.d/${name}`;

function planEntry(
  { file, ours }: CronEntryObserved,
  desired: CronEntryProperties,
  wanted: Wanted,
): HostPlan {
  const path = entryPath(desired.name);
  if (desired.absent || wanted === "absent")
    return planOf("delete", removeOwnFile(desired.absent || ours ? file : undefined, path));
  // Variables may hold secrets: then nobody else reads the file.
  const mode = Object.keys(desired.environment).length > 0 ? "0600" : "0644";
  const attributes = { owner: "root", group: "root", mode };
  const entry = writeOwnFile(file, { path, content: formatEntry(desired), attributes });
  return planOf(file ? "update" : "create", entry);
}

function formatEntry({ schedule, user, command, environment }: CronEntryProperties): string {
  const variables = Object.entries(environment).map(
    ([name, value]) => `${name}="${oneLine(value, `${name} of a cron entry`)}"`,
  );
  // To cron, a bare % ends the command.
  const line = `${schedule.trim().replace(/\s+/g, " ")} ${user} ${command.replace(/(?<!\\)%/g, "\\%")}`;
  return ["# Written by Havn.", ...variables, line, ""].join("\n");
}
