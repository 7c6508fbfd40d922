import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { type CollectedSample, sample } from "../sample.ts";

const run = promisify(execFile);
const unitStates = ["active", "activating", "deactivating", "inactive", "failed"] as const;
const asked =
  "Id,LoadState,ActiveState,Type,NRestarts,NAccepted,NConnections,LastTriggerUSec,ActiveEnterTimestamp";

/** Units of systemd under the names of node_exporter's collector of that name; nothing where systemd does not run. */
export async function collectSystemd(signal: AbortSignal): Promise<CollectedSample[]> {
  if (!existsSync("/run/systemd/system")) return [];
  const options = {
    signal,
    maxBuffer: 16 * 1024 * 1024,
    env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
  };
  const [units, system] = await Promise.all([
    run("systemctl", ["show", `--property=${asked}`, "*.service", "*.timer", "*.socket"], options),
    run("systemctl", ["show", "--property=Version,SystemState"], options),
  ]);
  return [...unitSamples(units.stdout), ...systemSamples(system.stdout)];
}

/** Blocks of `Name=value` lines, an empty line between two units. */
export function unitSamples(text: string): CollectedSample[] {
  const samples: CollectedSample[] = [];
  const counts = new Map<string, number>(unitStates.map((state) => [state, 0]));
  for (const block of text.split("\n\n")) {
    const fields = fieldsOf(block);
    const [name = "", state = ""] = [fields.get("Id"), fields.get("ActiveState")];
    if (name === "" || fields.get("LoadState") !== "loaded") continue;
    counts.set(state, (counts.get(state) ?? 0) + 1);
    for (const each of unitStates)
      samples.push(
        sample("node_systemd_unit_state", each === state ? 1 : 0, {
          name,
          state: each,
          type: fields.get("Type") ?? "",
        }),
      );
    samples.push(...ofItsKind(name, fields));
  }
  for (const [state, count] of counts) samples.push(sample("node_systemd_units", count, { state }));
  return samples;
}

function ofItsKind(name: string, fields: ReadonlyMap<string, string>): CollectedSample[] {
  const number = (field: string) => Number(fields.get(field)) || 0;
  if (name.endsWith(".service"))
    return [
      sample("node_systemd_service_restart_total", number("NRestarts"), { name }),
      sample("node_systemd_unit_start_time_seconds", secondsOf(fields.get("ActiveEnterTimestamp")), {
        name,
        type: fields.get("Type") ?? "",
      }),
    ];
  if (name.endsWith(".timer"))
    return [
      sample("node_systemd_timer_last_trigger_seconds", secondsOf(fields.get("LastTriggerUSec")), { name }),
    ];
  return [
    sample("node_systemd_socket_accepted_connections_total", number("NAccepted"), { name }),
    sample("node_systemd_socket_current_connections", number("NConnections"), { name }),
  ];
}

/** `Mon 2026-11-23 14:00:00 UTC`; 0 where it never was. */
function secondsOf(text = ""): number {
  const [, day, time] = /(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(text) ?? [];
  return day === undefined ? 0 : Date.parse(`${day}T${time}Z`) / 1000;
}

function systemSamples(text: string): CollectedSample[] {
  const fields = fieldsOf(text);
  const version = fields.get("Version") ?? "";
  return [
    sample("node_systemd_system_running", fields.get("SystemState") === "running" ? 1 : 0),
    sample("node_systemd_version", Number(/^\d+(\.\d+)?/.exec(version)?.[0] ?? 0), { version }),
  ];
}

function fieldsOf(block: string): Map<string, string> {
  return new Map(
    block.split("\n").flatMap((line) => {
      const equals = line.indexOf("=");
      return equals > 0 ? [[line.slice(0, equals), line.slice(equals + 1)] as const] : [];
    }),
  );
}
