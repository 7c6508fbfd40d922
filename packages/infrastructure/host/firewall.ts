import { mkdir, rm, stat } from "node:fs/promises";
import { HavnError } from "@havn/model";
import { findTable } from "../resources/nftables.table/host.ts";
import type { Operation } from "../resources/type.ts";
import { mustRun, runCommand } from "./commands.ts";
import type { Surroundings } from "./operations.ts";
import { writeFileAtomically } from "./write-file.ts";

/**
 * Loads a table's rules. Rules that nobody has confirmed yet go after `confirmWithinMs` by a timer of the host itself,
 * whatever becomes of the agent and of the control plane, unless the control plane is reached with them before.
 */
export async function loadFirewall(
  operation: Operation & { kind: "load firewall" },
  around: Surroundings | undefined,
): Promise<void> {
  const { family, name, script, confirmWithinMs, terse } = operation;
  await checkRules(operation);
  const revert = await openRevert(family, name);
  // What an agent that died left unconfirmed.
  await revert.now();
  if (confirmWithinMs === undefined) await mustRun(["nft", "--file", "-"], { stdin: script });
  else {
    const reach = around?.reach;
    if (!reach)
      throw new HavnError("Nobody could confirm a change of the firewall here", {
        detail: "The agent has no way to the control plane.",
      });
    await revert.arm(confirmWithinMs);
    await mustRun(["nft", "--file", "-"], { stdin: script });
    // The timer must not be first: then it would be unknown which rules are in force.
    await reach(AbortSignal.timeout(confirmWithinMs * 0.8)).catch(async (cause) => {
      await revert.now();
      throw new HavnError(`The control plane is out of reach with the new rules of table ${family} ${name}`, {
        detail: `The old ones are in force again. Let the host reach the control plane (new connections too), then apply again.`,
        cause,
      });
    });
    await revert.disarm();
  }
  const listing = await mustRun(["nft", "--stateless", ...(terse ? ["--terse"] : []), "list", "ruleset"]);
  await around?.note({ live: findTable(listing.stdout, { family, name }) });
}

async function checkRules({ family, name, script }: Operation & { kind: "load firewall" }): Promise<void> {
  const { code, stderr } = await runCommand(["nft", "--check", "--file", "-"], { stdin: script });
  if (code === 0) return;
  // Three lines stand before the rules as they were written, and the one that opens the table.
  const told = stderr.trim().replace(/\/dev\/stdin:(\d+)/g, (_, line: string) => `line ${Number(line) - 4}`);
  throw new HavnError(`nft does not take the rules of table ${family} ${name}`, { detail: told });
}

type Family = (Operation & { kind: "load firewall" })["family"];

const folder = "/run/havn";

/** The way back to the rules that are in force now. It is gone after a restart, as are rules that were not confirmed. */
async function openRevert(family: Family, name: string) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = `${folder}/nftables-${family}-${name}.revert`;
  const unit = `havn-nftables-revert-${family}-${name}`;
  const stopTimer = () => runCommand(["systemctl", "--quiet", "stop", `${unit}.timer`]);
  const isThere = () =>
    stat(file).then(
      () => true,
      () => false,
    );
  return {
    async arm(afterMs: number): Promise<void> {
      const before = await runCommand(["nft", "--stateless", "list", "table", family, name]);
      const empty = `table ${family} ${name}\ndelete table ${family} ${name}\n`;
      await writeFileAtomically(file, before.code === 0 ? empty + before.stdout : empty);
      const command = `nft --file "$1" && rm -f "$1"`;
      await mustRun([
        ...["systemd-run", "--quiet", "--collect", `--unit=${unit}`, `--on-active=${afterMs}ms`],
        ...["--timer-property=AccuracySec=100ms", "sh", "-c", command, "havn", file],
      ]);
    },
    async disarm(): Promise<void> {
      await stopTimer();
      await rm(file, { force: true });
    },
    /** Does nothing where nothing is armed. */
    async now(): Promise<void> {
      if (!(await isThere())) return;
      await mustRun(["nft", "--file", file]);
      await stopTimer();
      await rm(file, { force: true });
    },
  };
}
