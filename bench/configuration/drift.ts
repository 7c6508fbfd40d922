import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, hostname, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { until } from "@havn/testkit";
import { openHavn } from "../../apps/server/testing/havn.ts";

/**
 * How soon drift is seen and mended: edits by hand on a lab machine (root) in mode enforce, one after the other, each of
 * another file. Times are the machine's own: from just before the edit to the agent's word of it, and to the moment in
 * which the file is as declared again. Then what the agent holds and takes while nothing happens.
 *
 *     scripts/node.sh bench/configuration/drift.ts [--edits 20] [--files 1000] [--idle 60]
 */
const { values } = parseArgs({
  options: {
    edits: { type: "string", default: "20" },
    files: { type: "string", default: "1000" },
    idle: { type: "string", default: "60" },
  },
});
const [edits, files, idle] = [Number(values.edits), Number(values.files), Number(values.idle)];

const configuration = `
import { directory, environment, file, host, machine, systemdUnit } from "havn";
export default environment("drift", {}, () => {
  const web = host("web-1", { machine: machine("web-1"), mode: "enforce" });
  const on = { host: web };
  const home = directory("/etc/bench", on);
  for (let index = 0; index < ${files}; index++)
    file(\`/etc/bench/\${index}.conf\`, { ...on, content: \`file \${index}\\n\`, dependsOn: [home] });
  systemdUnit("bench-worker", { ...on, content: "[Service]\\nExecStart=/bin/sleep infinity\\n" , enabled: null });
});
`;

const directory = await mkdtemp("/tmp/havn-bench-drift-");
await writeFile(join(directory, "havn.config.ts"), configuration);
{
  await using havn = await openHavn("bench-drift");
  await havn.must(["up", directory, "--yes"]);
  const ip = (await havn.status("drift")).hosts[0]?.ip ?? "";
  const on = sshOf(havn.dataDirectory, ip);
  await until(async () => (await havn.run("drift")).code === 0, { what: "a look", timeoutMs: 120_000 });
  const pid = (
    await on(
      "systemctl show --value --property=MainPID $(systemctl list-units --plain --no-legend 'havn-agent*' | cut -d' ' -f1 | head -1)",
    )
  ).trim();

  const seen: number[] = [];
  const mended: number[] = [];
  for (let edit = 0; edit < edits; edit++) {
    const after = await havn.lastEventId("drift");
    const index = Math.floor((edit * files) / edits);
    // The edit, and how long until the file is as declared, in one command: SSH takes no part in it.
    const path = `/etc/bench/${index}.conf`;
    const took = await on(
      `date +%s%3N; echo by hand >> ${path}; until [ "$(cat ${path})" = "file ${index}" ]; do sleep 0.005; done; date +%s%3N`,
    );
    const [began = 0, ended = 0] = took.trim().split("\n").map(Number);
    const found = await havn.event("drift", "drift.found", { after, address: `drift/file/web-1:${path}` });
    seen.push(found.at - began);
    mended.push(ended - began);
  }
  const after = await havn.lastEventId("drift");
  const unit = await on(
    "date +%s%3N; systemctl stop bench-worker; until systemctl is-active -q bench-worker; do sleep 0.01; done; date +%s%3N",
  );
  const [stopped = 0, started = 0] = unit.trim().split("\n").map(Number);
  const unitSeen = (await havn.event("drift", "drift.found", { after })).at - stopped;

  const ticks = async () => Number(await on(`awk '{print $14 + $15 + $16 + $17}' /proc/${pid}/stat`)) / 100;
  const before = await ticks();
  await new Promise((resolve) => setTimeout(resolve, idle * 1000));
  const core = ((await ticks()) - before) / idle;
  const memory = Number(await on(`awk '/VmRSS/ {print $2}' /proc/${pid}/status`)) / 1024;

  console.log(
    `${hostname()}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}; ${files} files and one unit`,
  );
  console.log(`${edits} edits by hand, seen:   ${figures(seen)}`);
  console.log(`${edits} edits by hand, mended: ${figures(mended)}`);
  console.log(`a unit that is stopped: seen ${unitSeen} ms, runs again ${started - stopped} ms`);
  console.log(
    `agent at rest for ${idle} s: ${(core * 100).toFixed(2)} % of a core (with its children), ${memory.toFixed(0)} MB`,
  );
}
await rm(directory, { recursive: true, force: true });

function figures(milliseconds: readonly number[]): string {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return `median ${sorted[Math.floor(sorted.length / 2)]} ms, max ${sorted.at(-1)} ms`;
}

function sshOf(dataDirectory: string, ip: string) {
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
  ];
  return async (command: string): Promise<string> => {
    const words = [
      ...["-F", "none", "-i", join(dataDirectory, "ssh/id_ed25519")],
      ...options.flatMap((option) => ["-o", option]),
      ...[`root@${ip}`, command],
    ];
    return (await promisify(execFile)("ssh", words, { timeout: 60_000 })).stdout;
  };
}
