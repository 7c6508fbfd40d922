// Written by generate.ts from the folders in resources/.
import directoryType from "./resources/directory/definition.ts";
import fileType from "./resources/file/definition.ts";
import packageType from "./resources/package/definition.ts";
import postgresDatabaseType from "./resources/postgres.database/definition.ts";
import systemdUnitType from "./resources/systemd.unit/definition.ts";

export const definitions = {
  "directory": directoryType,
  "file": fileType,
  "package": packageType,
  "postgres.database": postgresDatabaseType,
  "systemd.unit": systemdUnitType,
} as const;
