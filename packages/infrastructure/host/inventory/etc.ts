import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { InventoryItem, InventoryKind } from "@havn/model";
import { findText } from "../../resources/read-files.ts";
import type { HostReads } from "../../resources/type.ts";
import type { Dpkg } from "./dpkg.ts";
import { isGenerated } from "./generated.ts";
import type { Found } from "./index.ts";

/** What is larger is named only: fetch it with download, or keep it elsewhere. */
const largestFile = 1024 * 1024;
/** Of all contents together, so that they fit into one message. */
const largestSum = 12 * 1024 * 1024;

/** Configuration files that somebody changed or took away, and what stands in /etc that no package brought. */
export async function readEtc(
  host: HostReads,
  dpkg: Dpkg,
  { namesOnly }: { namesOnly: boolean },
): Promise<Found> {
  const found: Found = { items: [], notes: [] };
  const taking: Taking = { host, found, namesOnly, size: 0 };
  const configuration = new Map(
    dpkg.packages.flatMap(({ name, configuration }) =>
      [...configuration].map(([path, digest]) => [path, { digest, owner: name }] as const),
    ),
  );
  for (const [path, { digest, owner }] of configuration) await takeChanged(path, { digest, owner }, taking);
  const known = new Map([...(await readTemplates()), ...(await readUcf())]);
  const walk = (folder: string, depth = 0): Promise<void> =>
    takeUnowned({ folder, depth, known, owns: (path) => dpkg.ownerOf(path) !== undefined }, taking, walk);
  for (const folder of ["/etc", "/usr/share/keyrings"]) await walk(folder);
  for (const name of (await list("/var/spool/cron/crontabs")).sort())
    await takeFile(join("/var/spool/cron/crontabs", name), {}, taking);
  return found;
}

interface Taking {
  host: HostReads;
  found: Found;
  namesOnly: boolean;
  size: number;
}

const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

async function takeChanged(
  path: string,
  { digest, owner }: { digest: string; owner: string },
  taking: Taking,
): Promise<void> {
  const stat = await taking.host.files.stat(path);
  const after = [{ type: "package", name: owner }];
  if (!stat)
    taking.found.items.push({
      kind: kindOf(path),
      type: "file",
      name: path,
      properties: { path, absent: true },
      after,
    });
  else if (stat.kind === "link") await takeLink(path, taking);
  else if (stat.kind === "file" && stat.size > largestFile) await takeFile(path, { after }, taking);
  else if (stat.kind === "file") {
    const bytes = await taking.host.files.read(path);
    if (createHash("md5").update(bytes).digest("hex") !== digest)
      await takeFile(path, { after, bytes }, taking);
  }
}

interface Walk {
  folder: string;
  depth: number;
  /** md5 of files that packages' scripts keep, as they came. */
  known: ReadonlyMap<string, string>;
  owns(path: string): boolean;
}

async function takeUnowned(
  { folder, depth, known, owns }: Walk,
  taking: Taking,
  walk: (folder: string, depth: number) => Promise<void>,
): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (isGenerated(path)) continue;
    if (entry.isDirectory()) {
      const before = taking.found.items.length;
      if (depth < 12) await walk(path, depth + 1);
      // A folder is declared with what it holds.
      if (!owns(path) && taking.found.items.length > before) await takeDirectory(path, before, taking);
      continue;
    }
    if (owns(path)) continue;
    if (entry.isSymbolicLink()) await takeLink(path, taking);
    else if (entry.isFile()) await takeFile(path, { known: known.get(path) }, taking);
  }
}

async function takeDirectory(path: string, at: number, { host, found }: Taking): Promise<void> {
  const stat = await host.files.stat(path);
  if (!stat) return;
  const { owner, group, mode } = stat;
  found.items.splice(at, 0, {
    kind: kindOf(`${path}/`),
    type: "directory",
    name: path,
    properties: { path, ...ownersOf(owner, group), ...(mode !== "0755" && { mode }) },
    after: accountsOf(owner, group),
  });
}

async function takeLink(path: string, { host, found }: Taking): Promise<void> {
  const target = await host.files.target(path);
  // Its end is another kind's affair.
  if (target.startsWith("/etc/alternatives/")) return;
  found.items.push({ kind: kindOf(path), type: "symlink", name: path, properties: { path, target } });
}

type Origin = { after?: InventoryItem["after"]; bytes?: Buffer; known?: string | undefined };

async function takeFile(path: string, { after = [], bytes, known }: Origin, taking: Taking): Promise<void> {
  const { host, found } = taking;
  const stat = await host.files.stat(path);
  if (stat?.kind !== "file") return;
  const kind = kindOf(path);
  if (stat.size > largestFile || taking.size + stat.size > largestSum) {
    found.notes.push({
      kind,
      name: path,
      note: `has ${stat.size} bytes: too many to keep beside a configuration`,
    });
    return;
  }
  if (taking.namesOnly && known === undefined && !explaining.has(path)) {
    taking.size += stat.size;
    found.items.push(fileItem(path, Buffer.alloc(0), { stat, after, kind }));
    return;
  }
  const content = bytes ?? (await host.files.read(path));
  if (known !== undefined && createHash("md5").update(content).digest("hex") === known) return;
  if (explaining.has(path) && !/^\s*[^#\s]/m.test(content.toString("utf8"))) return;
  taking.size += content.length;
  found.items.push(fileItem(path, content, { stat, after, kind }));
}

function fileItem(
  path: string,
  content: Buffer,
  {
    stat,
    after,
    kind,
  }: {
    stat: { owner: string; group: string; mode: string };
    after: NonNullable<InventoryItem["after"]>;
    kind: InventoryKind;
  },
): InventoryItem {
  const { owner, group, mode } = stat;
  const text = content.toString("utf8");
  const isText = !text.includes("\0") && Buffer.from(text, "utf8").equals(content);
  const [, rule] = /^\/etc\/sudoers\.d\/([A-Za-z0-9_-]+)$/.exec(path) ?? [];
  if (rule !== undefined && isText && owner === "root" && group === "root" && mode === "0440")
    return {
      kind,
      type: "sudo.rule",
      name: rule,
      properties: { name: rule, content: text },
      after: [{ type: "package", name: "sudo" }],
    };
  return {
    ...{ kind, type: "file", name: path },
    properties: {
      path,
      ...(isText ? { content: text } : { base64: content.toString("base64") }),
      ...ownersOf(owner, group),
      ...(mode !== "0644" && { mode }),
    },
    after: [...after, ...accountsOf(owner, group)],
  };
}

/** Root's is what Havn makes anyway. */
const ownersOf = (owner: string, group: string) => ({
  ...(owner !== "root" && { owner }),
  ...(group !== "root" && { group }),
});

const accountsOf = (owner: string, group: string) => [
  { type: "user", name: owner },
  { type: "group", name: group },
];

function kindOf(path: string): InventoryKind {
  if (
    /^\/etc\/apt\/(sources\.list|keyrings|trusted\.gpg|preferences|auth\.conf)|^\/usr\/share\/keyrings\//.test(
      path,
    )
  )
    return "repositories";
  if (/^\/etc\/(cron|anacrontab)|^\/var\/spool\/cron\//.test(path)) return "cron";
  if (/^\/etc\/sudoers/.test(path)) return "sudo";
  if (/^\/etc\/(sysctl|modules|modprobe)/.test(path)) return "kernel";
  return /^\/etc\/(nftables|iptables)/.test(path) ? "firewall" : "files";
}

/** Made by packages' scripts with nothing but comments in them: they say something once a line is none. */
const explaining = new Set(["/etc/hosts.allow", "/etc/hosts.deny", "/etc/modules"]);

/** Files that packages copy into place once, and leave to people from then on. */
const templates: Record<string, string> = {
  "/etc/motd": "/usr/share/base-files/motd",
  "/etc/profile": "/usr/share/base-files/profile",
  "/etc/nsswitch.conf": "/usr/share/libc-bin/nsswitch.conf",
  "/etc/environment": "/dev/null",
  "/etc/inputrc": "/usr/share/readline/inputrc",
  "/etc/security/opasswd": "/dev/null",
};

async function readTemplates(): Promise<[path: string, digest: string][]> {
  const texts = await Promise.all(
    Object.entries(templates).map(async ([path, template]) => [path, await findText(template)] as const),
  );
  return texts.flatMap(([path, text]) =>
    text === undefined ? [] : [[path, createHash("md5").update(text).digest("hex")] as [string, string]],
  );
}

/** ucf's record of the files that it keeps for packages: md5 and path. */
async function readUcf(): Promise<Map<string, string>> {
  const text = (await findText("/var/lib/ucf/hashfile")) ?? "";
  return new Map(
    [...text.matchAll(/^([0-9a-f]{32})\s+(\/.*)$/gm)].map(([, digest = "", path = ""]) => [path, digest]),
  );
}
