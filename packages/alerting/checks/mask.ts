import { type CheckSpec, credentialsIn } from "@havn/model";
import type { Attempt } from "../probes/probe.ts";

/** An attempt as it may be told: what the check was given in confidence stands nowhere in it. */
export function masked(attempt: Attempt, { probe, secrets: given }: CheckSpec): Attempt {
  const secrets = secretsOf(probe, given);
  if (secrets.length === 0) return attempt;
  const mask = (text: string) => secrets.reduce((left, secret) => left.replaceAll(secret, "***"), text);
  return {
    ...attempt,
    output: mask(attempt.output),
    ...(attempt.long !== undefined && { long: mask(attempt.long) }),
    ...(attempt.measures && {
      measures: attempt.measures.map((measure) => ({ ...measure, label: mask(measure.label) })),
    }),
  };
}

/** Shorter values would mask half of any text. */
const shortest = 4;

function secretsOf(probe: CheckSpec["probe"], given: readonly string[]): string[] {
  const values: (string | undefined)[] = [...given, ...textsIn(probe).flatMap(credentialsIn)];
  if ("password" in probe) values.push(probe.password);
  if ("key" in probe) values.push(probe.key);
  if (probe.kind === "plugin") values.push(...Object.values(probe.env ?? {}));
  if (probe.kind === "http") values.push(...Object.values(probe.headers ?? {}));
  if (probe.kind === "browser")
    values.push(...probe.steps.map((step) => ("with" in step ? step.with : undefined)));
  return values
    .filter((value) => value !== undefined && value.length >= shortest)
    .map(String)
    .sort((a, b) => b.length - a.length);
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
