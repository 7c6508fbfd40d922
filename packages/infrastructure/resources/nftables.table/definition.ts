import { propertyChange } from "@havn/plan";
import { z } from "zod";
import { type OwnFile, removeOwnFile, writeOwnFile } from "../own-file.ts";
import { nothing, type Part, part, planOf, run } from "../parts.ts";
import { textProperty } from "../text.ts";
import type { HostPlan, ResourceDefinition, Wanted } from "../type.ts";

export const nftablesTableSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "expected letters, digits, hyphens and underscores")
    .describe("name of the table"),
  family: z
    .enum(["inet", "ip", "ip6", "arp", "bridge", "netdev"])
    .default("inet")
    .describe("what it filters"),
  rules: textProperty.describe("what stands in the table, in nft's own language: chains, sets, rules"),
  confirmWithin: z
    .number()
    .int()
    .min(5)
    .max(600)
    .default(30)
    .describe(
      "seconds in which the control plane must be reached with the new rules; else the old ones come back",
    ),
});
export type NftablesTableProperties = Omit<z.output<typeof nftablesTableSchema>, "rules"> & { rules: string };

export interface NftablesTableObserved {
  /** The rules that were confirmed last; loaded at start. */
  file?: OwnFile;
  /** What loads them at start, and whether it is enabled. */
  unit?: OwnFile;
  enabled: boolean;
  /** As nft lists the table; undefined where there is none. */
  live?: string | undefined;
  /** As nft listed it once it was confirmed. */
  confirmed?: string | undefined;
}

const nftablesTable: ResourceDefinition<NftablesTableProperties, NftablesTableObserved> = {
  type: "nftables.table",
  schema: nftablesTableSchema,
  plan: planTable,
  watches: (table) => [rulesFile(table), unitFile(table)],
};
export default nftablesTable;

type Named = Pick<NftablesTableProperties, "family" | "name">;
const unitName = ({ family, name }: Named): string => `havn-nftables-${family}-${name}.service`;
export const unitFile = (table: Named): string => `/etc/systemd/system/${unitName(table)}`;
export const unitLink = (table: Named): string =>
  `/etc/systemd/system/sysinit.target.wants/${unitName(table)}`;
export const rulesFile = ({ family, name }: Named): string => `/etc/havn/nftables/${family}-${name}.nft`;

/** Sets that fill themselves are not compared. */
export const fillsItself = (rules: string): boolean => /\b(dynamic|timeout)\b/.test(rules);

function planTable(
  observed: NftablesTableObserved,
  desired: NftablesTableProperties,
  wanted: Wanted,
): HostPlan {
  if (wanted === "absent") return planRemoval(observed, desired);
  const { family, name, rules, confirmWithin } = desired;
  const script = formatRules(desired);
  const isNew = observed.file?.content !== script;
  const same = !isNew && observed.live !== undefined && observed.live === observed.confirmed;
  const load: Part = {
    changes: [
      isNew
        ? propertyChange("rules", rulesIn(observed.file?.content), rules)
        : propertyChange("live", observed.live ?? "", observed.confirmed ?? ""),
    ],
    operations: [
      {
        kind: "load firewall",
        ...{ family, name, script, terse: fillsItself(rules) },
        // What was confirmed once and stands at start anyway needs nobody: it is put back also while the control
        // plane is away.
        ...(isNew && { confirmWithinMs: confirmWithin * 1000 }),
      },
    ],
  };
  return planOf(
    observed.file || observed.live !== undefined ? "update" : "create",
    same ? nothing : load,
    planStart(observed, desired, script),
  );
}

/** Only rules that were confirmed reach the disk: a restart in between takes the others back too. */
function planStart({ file, unit, enabled }: NftablesTableObserved, desired: Named, script: string): Part {
  const owned = { owner: "root", group: "root" };
  const parts = [
    writeOwnFile(file, { path: rulesFile(desired), content: script, attributes: { ...owned, mode: "0600" } }),
    writeOwnFile(unit, { path: unitFile(desired), content: formatUnit(desired), property: "unit" }),
  ];
  const operations = parts.flatMap((one) => one.operations);
  const reload = parts[1] === nothing ? [] : [run("systemctl", "daemon-reload")];
  const enable = part("enabled", enabled, true, run("systemctl", "--quiet", "enable", unitName(desired)));
  return {
    changes: [...parts.slice(1).flatMap((one) => one.changes), ...enable.changes],
    operations: [
      ...(operations.length > 0 ? [run("mkdir", "--parents", "--mode=0755", "/etc/havn/nftables")] : []),
      ...operations,
      ...reload,
      ...enable.operations,
    ],
  };
}

/** The whole table anew in one transaction of the kernel: no packet meets half of it. */
const formatRules = ({ family, name, rules }: NftablesTableProperties): string =>
  `# Written by Havn.\ntable ${family} ${name}\ndelete table ${family} ${name}\ntable ${family} ${name} {\n${rules.trimEnd()}\n}\n`;

const rulesIn = (script = ""): string =>
  script
    .split("\n")
    .slice(4, -2)
    .map((line) => `${line}\n`)
    .join("");

const formatUnit = (table: Named): string => `# Written by Havn.
[Unit]
Description=nftables table ${table.family} ${table.name}
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target nftables.service
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft --file ${rulesFile(table)}

[Install]
WantedBy=sysinit.target
`;

function planRemoval(observed: NftablesTableObserved, table: NftablesTableProperties): HostPlan {
  const { file, unit, enabled, live } = observed;
  // A table that Havn never brought is not Havn's to take away.
  if (!file) return planOf("delete");
  return planOf(
    "delete",
    live === undefined
      ? nothing
      : part("live", live, undefined, run("nft", "delete", "table", table.family, table.name)),
    enabled
      ? part("enabled", true, undefined, run("systemctl", "--quiet", "disable", unitName(table)))
      : nothing,
    removeOwnFile(unit, unitFile(table), "unit"),
    removeOwnFile(file, rulesFile(table), "rules"),
    { changes: [], operations: unit ? [run("systemctl", "daemon-reload")] : [] },
  );
}
