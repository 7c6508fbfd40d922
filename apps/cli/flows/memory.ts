import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import { z } from "zod";
import type { Api } from "../api/client.ts";
import { environmentsAnswer } from "../api/schemas.ts";
import type { Globals } from "../kit/command.ts";

/** What the last command was about, so that the next one needs no arguments. Lost: nothing but convenience is. */
const memorySchema = z.object({ environment: z.string().optional(), config: z.string().optional() });
type Memory = z.infer<typeof memorySchema>;

const pathOf = ({ dataDirectory }: Globals): string => join(dataDirectory, "cli.json");

export function recall(globals: Globals): Memory {
  try {
    return memorySchema.parse(JSON.parse(readFileSync(pathOf(globals), "utf8")));
  } catch {
    return {};
  }
}

export function remember(globals: Globals, memory: Memory): void {
  // Another computer's Havn has nothing to do with this data directory.
  if (globals.remote) return;
  mkdirSync(globals.dataDirectory, { recursive: true, mode: 0o700 });
  writeFileSync(pathOf(globals), JSON.stringify(memory));
}

export function forget(globals: Globals, environment: string): void {
  if (recall(globals).environment === environment) rmSync(pathOf(globals), { force: true });
}

/** The environment that a command is about: named, remembered, or the only one there is. */
export async function chooseEnvironment(
  named: string | undefined,
  { globals, api, signal }: { globals: Globals; api: Api; signal: AbortSignal },
): Promise<string> {
  const wanted = named ?? (globals.environment.HAVN_ENVIRONMENT || undefined);
  if (wanted !== undefined) return wanted;
  const { environments } = await api.get("/api/v1/environments", environmentsAnswer, { signal });
  const names = environments.map(({ environment }) => environment);
  const remembered = globals.remote ? undefined : recall(globals).environment;
  if (remembered !== undefined && names.includes(remembered)) return remembered;
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  if (only === undefined)
    throw new HavnError("There is no environment yet", {
      detail: "Make one real with `havn up PATH`, for example `havn up examples/hello`.",
    });
  throw new HavnError("Which environment?", {
    detail: `Name one with --environment NAME: ${names.join(", ")}.`,
  });
}
