import { basename, join } from "node:path";
import type { Diagnostic } from "@havn/model";
import { type IcingaConfiguration, makeObjects } from "./objects.ts";
import { emitIcinga } from "./plan.ts";
import { type IcingaFiles, type IcingaOptions, readDeclarations } from "./program.ts";

export type { IcingaFiles, IcingaOptions } from "./program.ts";

export interface IcingaImport {
  text: string;
  checks: number;
  hosts: number;
  services: number;
  notes: string[];
  diagnostics: Diagnostic[];
}

/** A configuration as TypeScript. */
export function importIcinga(path: string, files: IcingaFiles, options: IcingaOptions): IcingaImport {
  const configuration = readIcinga(path, files, options);
  const { objects, diagnostics } = configuration;
  const count = (type: string) => objects.get(type)?.length ?? 0;
  return { ...emitIcinga(configuration), hosts: count("Host"), services: count("Service"), diagnostics };
}

/** An icinga2.conf, or all *.conf of a folder without one. */
export function readIcinga(path: string, files: IcingaFiles, options: IcingaOptions): IcingaConfiguration {
  const main = path.endsWith(".conf") ? path : join(path, "icinga2.conf");
  const isThere = files.read(main) !== undefined;
  const everything: IcingaFiles = {
    ...files,
    read: (file) => (file === main ? `include_recursive "."\n` : files.read(file)),
    glob: (pattern) => files.glob(pattern).filter((file) => basename(file) !== basename(main)),
  };
  return makeObjects(readDeclarations(main, isThere ? files : everything, options));
}
