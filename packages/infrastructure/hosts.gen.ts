// Written by generate.ts from the folders in resources/.
import directoryType from "./resources/directory/host.ts";
import fileType from "./resources/file/host.ts";
import packageType from "./resources/package/host.ts";
import postgresDatabaseType from "./resources/postgres.database/host.ts";
import systemdUnitType from "./resources/systemd.unit/host.ts";

export const readers = {
  "directory": directoryType,
  "file": fileType,
  "package": packageType,
  "postgres.database": postgresDatabaseType,
  "systemd.unit": systemdUnitType,
} as const;
