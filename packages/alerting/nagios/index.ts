import { dirname, isAbsolute, join } from "node:path";
import type { Diagnostic } from "@havn/model";
import { emitChecks } from "./emit.ts";
import { expandObjects, type NagiosConfiguration } from "./expand.ts";
import { type NagiosObject, parseMainFile, parseObjects, parseResources } from "./parse.ts";
import { resolveTemplates } from "./resolve.ts";

/** Where a configuration is read from. */
export interface NagiosFiles {
  /** Undefined where there is no such file. */
  read(path: string): string | undefined;
  /** Paths of all files that end with .cfg, those in folders inside as well. */
  list(folder: string): string[];
}

export interface NagiosImport {
  text: string;
  checks: number;
  hosts: number;
  services: number;
  notes: string[];
  diagnostics: Diagnostic[];
}

/** A folder or a nagios.cfg as TypeScript. */
export function importNagios(path: string, files: NagiosFiles): NagiosImport {
  const { configuration, intervalSeconds, resources } = readNagios(path, files);
  const { text, checks, notes } = emitChecks(configuration, { intervalSeconds, resources });
  const { hosts, services, diagnostics } = configuration;
  return { text, checks, hosts: hosts.length, services: services.length, notes, diagnostics };
}

export function readNagios(
  path: string,
  files: NagiosFiles,
): { configuration: NagiosConfiguration; intervalSeconds: number; resources: Record<string, string> } {
  const main = path.endsWith(".cfg") ? path : join(path, "nagios.cfg");
  const text = files.read(main);
  const settings = text === undefined ? undefined : parseMainFile(text);
  const inFolder = (name: string) => (isAbsolute(name) ? name : join(dirname(main), name));
  const paths = settings
    ? [...settings.files.map(inFolder), ...settings.folders.map(inFolder).flatMap(files.list)]
    : files.list(path);
  const objects: NagiosObject[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const file of [...new Set(paths)]) {
    const content = files.read(file);
    if (content === undefined) {
      diagnostics.push({ severity: "error", summary: `${file} cannot be read`, detail: `${main} names it.` });
      continue;
    }
    const parsed = parseObjects(content, file);
    objects.push(...parsed.objects);
    diagnostics.push(...parsed.diagnostics);
  }
  const resolved = resolveTemplates(objects);
  const configuration = expandObjects(resolved.objects);
  configuration.diagnostics.unshift(...diagnostics, ...resolved.diagnostics);
  const resources = Object.assign(
    {},
    ...(settings?.resources ?? []).map((name) => parseResources(files.read(inFolder(name)) ?? "")),
  );
  return { configuration, intervalSeconds: settings?.intervalSeconds ?? 60, resources };
}
