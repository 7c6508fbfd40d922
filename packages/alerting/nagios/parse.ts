import type { Diagnostic } from "@havn/model";

/** One `define` of Nagios' object configuration, as it was written. */
export interface NagiosObject {
  type: string;
  /** Directives by name; custom variables begin with an underscore and are upper-case. */
  values: Map<string, string>;
  file: string;
  line: number;
}

/** Other names of the same directive, as Nagios takes them. */
const aliases: Readonly<Record<string, string>> = {
  normal_check_interval: "check_interval",
  retry_check_interval: "retry_interval",
  hostgroup: "hostgroup_name",
  hostgroups_name: "hostgroup_name",
  host: "host_name",
  description: "service_description",
  master_host: "host_name",
  master_host_name: "host_name",
  master_description: "service_description",
  master_service_description: "service_description",
  dependent_host: "dependent_host_name",
  dependent_description: "dependent_service_description",
};
/** Directives for which `hostgroups` and the like mean the object's own membership. */
const plural: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  service: { hostgroups: "hostgroup_name", hosts: "host_name" },
};

/** Objects of one file. What cannot be read is a diagnostic, the rest is taken. */
export function parseObjects(
  text: string,
  file: string,
): { objects: NagiosObject[]; diagnostics: Diagnostic[] } {
  const objects: NagiosObject[] = [];
  const diagnostics: Diagnostic[] = [];
  const complain = (line: number, summary: string, detail: string) =>
    diagnostics.push({ severity: "error", summary, detail, at: { file, line, column: 1 } });
  let open: NagiosObject | undefined;
  for (const { text: written, line } of logicalLines(text)) {
    const content = written.trim();
    if (content === "") continue;
    const begins = /^define\s+(\w+)\s*\{?\s*(.*)$/.exec(content);
    if (begins && !open) {
      open = { type: begins[1] ?? "", values: new Map(), file, line };
      if (begins[2] && begins[2] !== "{") addDirective(open, begins[2]);
      continue;
    }
    if (content === "{" && open) continue;
    if (content.startsWith("}")) {
      if (open) objects.push(open);
      else complain(line, "A brace closes nothing", "Remove it, or write define before it.");
      open = undefined;
      continue;
    }
    if (!open) {
      complain(line, `"${content.slice(0, 40)}" stands outside of a definition`, "It is left out.");
      continue;
    }
    const closed = content.endsWith("}") && !content.includes("{");
    addDirective(open, closed ? content.slice(0, -1).trim() : content);
    if (!closed) continue;
    objects.push(open);
    open = undefined;
  }
  if (open) complain(open.line, `define ${open.type} is not closed`, "Write } at its end.");
  return { objects, diagnostics };
}

/** Lines without comments; a backslash at the end joins the next one. */
function* logicalLines(text: string): Iterable<{ text: string; line: number }> {
  let held = "";
  let begun = 0;
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const bare = /^\s*[#;]/.test(raw) ? "" : raw.replace(/(?<!\\);.*$/, "").replaceAll("\\;", ";");
    if (held === "") begun = at + 1;
    if (/\\\s*$/.test(bare)) {
      held += `${bare.replace(/\\\s*$/, "")} `;
      continue;
    }
    yield { text: held + bare, line: begun };
    held = "";
  }
  if (held !== "") yield { text: held, line: begun };
}

function addDirective(object: NagiosObject, content: string): void {
  const [, written = "", value = ""] = /^(\S+)\s*(.*)$/.exec(content) ?? [];
  if (written === "") return;
  if (object.type === "timeperiod" && !known.has(written)) {
    // Days and dates are names of their own: "december 25", "2026-01-01 - 2026-02-01 / 2".
    const [, days = content, times = ""] =
      /^(.*?)\s+((?:\d{1,2}:\d{2}-\d{1,2}:\d{2},?\s*)+)$/.exec(content) ?? [];
    object.values.set(days.trim(), times.replaceAll(/\s/g, ""));
    return;
  }
  const name = written.startsWith("_")
    ? written.toUpperCase()
    : (plural[object.type]?.[written] ?? aliases[written] ?? written);
  object.values.set(name, value.trim());
}

const known = new Set(["timeperiod_name", "alias", "name", "use", "register", "exclude"]);

/** `nagios.cfg`: which files hold objects, and which hold $USERn$. Paths as written. */
export function parseMainFile(text: string): {
  files: string[];
  folders: string[];
  resources: string[];
  intervalSeconds: number;
} {
  const found = {
    files: [] as string[],
    folders: [] as string[],
    resources: [] as string[],
    intervalSeconds: 60,
  };
  for (const { text: line } of logicalLines(text)) {
    const [, name, value = ""] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === "cfg_file") found.files.push(value);
    if (name === "cfg_dir") found.folders.push(value);
    if (name === "resource_file") found.resources.push(value);
    if (name === "interval_length") found.intervalSeconds = Number(value);
  }
  return found;
}

/** `$USER1$=/usr/lib/nagios/plugins` by name. */
export const parseResources = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^\s*\$(\w+)\$\s*=\s*(.*?)\s*$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
