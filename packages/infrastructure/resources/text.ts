import { HavnError, referenceSchema } from "@havn/model";
import { z } from "zod";

/** Text, or references that become text before it reaches a host. */
export const textProperty = z.union([z.string(), referenceSchema]);

export const absolutePath = z
  .string()
  .regex(
    /^\/([^/\0]+(\/[^/\0]+)*)?$/,
    'expected an absolute path without trailing or doubled slashes, such as "/etc/motd"',
  )
  // Another spelling of the same path would be another resource on the same file.
  .regex(
    /^(?!.*\/\.\.?(\/|$))/s,
    'expected a path without "." or ".." between its slashes: write where it leads',
  );

export const fileMode = z.string().regex(/^[0-7]{3,4}$/, 'expected an octal mode such as "0644"');

export const accountName = z
  .string()
  .regex(/^[a-z_][a-z0-9_.-]*\$?$/i, "expected the name of a user or group");

/** `644` and `0644` are the same mode. */
export const canonicalMode = (mode: string): string => mode.padStart(4, "0");

/** What becomes one line of a file or of standard input: a second one would mean something of its own there. */
export function oneLine(text: string, what: string): string {
  if (!/[\n\r\0]/.test(text)) return text;
  throw new HavnError(`${what} has more than one line`, {
    detail: "Where it goes to, a line has a meaning of its own.",
  });
}
