import { randomBytes } from "node:crypto";
import { chown, rm, writeFile } from "node:fs/promises";
import { HavnError, systemClock } from "@havn/model";
import type { Execution, HttpRequest, Operation } from "../resources/type.ts";
import { createAccounts } from "./accounts.ts";
import { mustRun } from "./commands.ts";
import { request, shownUrl } from "./http.ts";
import { runProbe } from "./probe.ts";

const longestOutput = 8 * 1024;
const longestReboot = 10 * 60_000;

/** Runs a command, or a script from a file that only its user may read. Gives the end of what it wrote. */
export async function execute(execution: Execution): Promise<string> {
  const { command, content, user } = execution;
  if (content === undefined) return outputOf(await mustRun(command, execution));
  const script = `/run/havn-script-${randomBytes(8).toString("hex")}`;
  try {
    await writeFile(script, content, { flag: "wx", mode: 0o700 });
    if (user !== undefined) await chown(script, await createAccounts().userId(user), -1);
    const result = await mustRun([...command, script], execution);
    return outputOf(result);
  } catch (error) {
    // The script's name is of no use to anyone: it is gone.
    if (error instanceof HavnError)
      throw new HavnError(error.message.replaceAll(` ${script}`, " (script)"), {
        detail: error.detail.replaceAll(script, "(script)"),
        cause: error,
      });
    throw error;
  } finally {
    await rm(script, { force: true });
  }
}

const outputOf = ({ stdout, stderr }: { stdout: string; stderr: string }): string =>
  `${stdout}${stderr}`.slice(-longestOutput);

export async function sendRequest(wanted: HttpRequest): Promise<string> {
  const { status, body } = await request(wanted);
  if (wanted.status.includes(status)) return `${status}\n${body}`.slice(0, longestOutput);
  throw new HavnError(`${wanted.method} ${shownUrl(wanted.url)} was answered with ${status}`, {
    detail: `Expected ${wanted.status.join(" or ")}. It said: ${body.trim().slice(0, 500)}`,
  });
}

/** Looks at once, then every interval. Throws a HavnError with the last reason when the time is up. */
export async function waitFor({ probe, timeoutMs, intervalMs }: Operation & { kind: "wait" }): Promise<void> {
  const started = systemClock.now();
  for (;;) {
    const why = await runProbe(probe);
    if (why === undefined) return;
    if (systemClock.now() - started >= timeoutMs)
      throw new HavnError(`Waited ${timeoutMs / 1000} s in vain`, { detail: `At the end ${why}.` });
    await systemClock.sleep(intervalMs);
  }
}

/** Does not return where the host goes down: the bundle goes on with the agent that comes up again. */
export async function reboot(): Promise<void> {
  await mustRun(["systemctl", "reboot", "--no-wall"]);
  await systemClock.sleep(longestReboot);
  throw new HavnError("The host did not go down", {
    detail: `It was told to reboot ${longestReboot / 60_000} minutes ago. Look at what holds it up.`,
  });
}
