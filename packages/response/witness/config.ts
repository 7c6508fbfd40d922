import { readFile } from "node:fs/promises";
import { channelSchema, durationText, HavnError, parseDuration } from "@havn/model";
import { z } from "zod";

/** `{ "$env": "NAME" }` wherever a secret would stand: the file holds none. */
const witnessConfig = z.strictObject({
  watch: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9-]{1,63}$/, "expected lower-case letters, digits and hyphens"),
        token: z.string().min(16, "expected at least 16 characters that nobody guesses"),
        silentFor: durationText.default("2m"),
        backFor: durationText.default("2m"),
        repeat: durationText.default("30m"),
      }),
    )
    .min(1),
  channels: z.array(channelSchema).min(1),
});
export type WitnessConfig = z.infer<typeof witnessConfig>;

/** Reads the file of a witness. Throws a HavnError that names what is wrong. */
export async function readWitnessConfig(
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<WitnessConfig> {
  const wrong = (detail: string, cause?: unknown) =>
    new HavnError(`${path} is no configuration of a witness`, { detail, status: 400, cause });
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw wrong(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const parsed = witnessConfig.safeParse(withEnvironment(content, environment, wrong));
  if (!parsed.success) throw wrong(z.prettifyError(parsed.error));
  const names = parsed.data.watch.map(({ name }) => name);
  if (new Set(names).size < names.length) throw wrong("Two of those that are watched have the same name.");
  return parsed.data;
}

function withEnvironment(
  value: unknown,
  environment: NodeJS.ProcessEnv,
  wrong: (detail: string) => HavnError,
): unknown {
  if (Array.isArray(value)) return value.map((one) => withEnvironment(one, environment, wrong));
  if (typeof value !== "object" || value === null) return value;
  if ("$env" in value && typeof value.$env === "string") {
    const found = environment[value.$env];
    if (found === undefined || found === "") throw wrong(`The variable ${value.$env} is not set.`);
    return found;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withEnvironment(one, environment, wrong)]),
  );
}

export const watchOf = ({ silentFor, backFor, repeat }: WitnessConfig["watch"][number]) => ({
  silentFor: parseDuration(silentFor),
  backFor: parseDuration(backFor),
  repeat: parseDuration(repeat),
});
