import type { BalancerSpec } from "@havn/fleet/protocol";

/** A slot as HAProxy has it now; administrative state and health told apart. */
export interface RunningSlot {
  slot: string;
  ip: string;
  port: number;
  admin: "ready" | "drain" | "maint";
  /** As `show stat` says: "UP", "DOWN", "MAINT", "DRAIN", "no check", "UP 1/2" … */
  status: string;
  /** Its last finished check: "L7OK", "L4CON" …; "" before the first. */
  check: string;
  weight: number;
  /** Requests under way. */
  sessions: number;
}

type WantedSlot = BalancerSpec["slots"][number];

/**
 * Commands of the runtime socket that make the slots be as wanted, in order. An address changes only in maintenance.
 * A slot that enters service counts as down until its first check has passed; HAProxy itself would take it for up.
 */
export function slotCommands(running: readonly RunningSlot[], wanted: readonly WantedSlot[]): string[] {
  return wanted.flatMap((want) => {
    const have = running.find(({ slot }) => slot === want.slot);
    return have ? commandsOf(have, want) : [];
  });
}

function commandsOf(have: RunningSlot, want: WantedSlot): string[] {
  const server = `instances/${want.slot}`;
  const commands: string[] = [];
  const moves = have.ip !== want.ip || have.port !== want.port;
  let admin = have.admin;
  if (moves && admin !== "maint") {
    commands.push(`set server ${server} state maint`);
    admin = "maint";
  }
  if (moves) commands.push(`set server ${server} addr ${want.ip} port ${want.port}`);
  if (want.state !== "maint" && have.weight !== want.weight)
    commands.push(`set server ${server} weight ${want.weight}`);
  if (admin === want.state) return commands;
  if (admin === "maint") {
    const enter = [`enable health ${server}`, `set server ${server} state ${want.state}`];
    commands.push([...enter, `set server ${server} health down`].join("; "));
    return commands;
  }
  commands.push(`set server ${server} state ${want.state}`);
  return commands;
}

/** Rows of `show stat` (CSV, names in the first line) for the servers of the backend. */
export function parseStat(csv: string): Map<string, Record<string, string>> {
  const [head = "", ...lines] = csv.trim().split("\n");
  const names = head.replace(/^# /, "").split(",");
  const rows = new Map<string, Record<string, string>>();
  for (const line of lines) {
    const values = line.split(",");
    const row = Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
    if (row.pxname === "instances" && row.svname && row.svname !== "BACKEND") rows.set(row.svname, row);
  }
  return rows;
}

/**
 * `show servers state` (version 1: addresses, administrative flags) with `show stat` (health, sessions). Flags of
 * srv_admin_state: 0x01, 0x02, 0x20 and 0x40 are kinds of maintenance (0x04 only remembers that the configuration once
 * said so), 0x08 and 0x10 kinds of draining.
 */
export function parseSlots(state: string, stat: string): RunningSlot[] {
  const rows = parseStat(stat);
  const slots: RunningSlot[] = [];
  let names: string[] = [];
  for (const line of state.split("\n")) {
    if (line.startsWith("# ")) names = line.slice(2).split(" ");
    const values = line.split(" ");
    const field = (name: string) => values[names.indexOf(name)] ?? "";
    const row = rows.get(field("srv_name"));
    if (line.startsWith("#") || field("be_name") !== "instances" || !row) continue;
    const flags = Number(field("srv_admin_state"));
    slots.push({
      slot: field("srv_name"),
      ip: field("srv_addr"),
      port: Number(field("srv_port")),
      admin: flags & 0x63 ? "maint" : flags & 0x18 ? "drain" : "ready",
      status: row.status ?? "",
      check: (row.check_status ?? "").replace(/^\* /, ""),
      weight: Number(field("srv_uweight")),
      sessions: Number(row.scur) + Number(row.qcur),
    });
  }
  return slots;
}
