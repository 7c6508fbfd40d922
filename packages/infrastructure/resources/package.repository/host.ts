import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { readOwnFile } from "../read-files.ts";
import type { ResourceReader } from "../type.ts";
import {
  keyPath,
  type PackageRepositoryObserved,
  type PackageRepositoryProperties,
  sourcesPath,
} from "./definition.ts";

const reader: ResourceReader<PackageRepositoryProperties, PackageRepositoryObserved> = {
  async read(resources, host) {
    const lists = await readdir("/var/lib/apt/lists").catch(() => []);
    return Promise.all(
      resources.map(async ({ properties }): Promise<PackageRepositoryObserved> => {
        const { name, keyFile } = properties;
        return {
          sources: await readOwnFile(sourcesPath(name), host),
          key: await readOwnFile(keyPath(name), host),
          keyFileDigest: keyFile === undefined ? undefined : await digestOf(keyFile),
          fetched: releasesOf(properties).every((prefix) => lists.some((list) => list.startsWith(prefix))),
        };
      }),
    );
  },
};
export default reader;

const digestOf = (path: string): Promise<string | undefined> =>
  readFile(path).then(
    (bytes) => createHash("sha256").update(bytes).digest("hex"),
    () => undefined,
  );

/** How the names of apt's lists of each suite begin: the address without its scheme, slashes as underscores. */
function releasesOf({ uris, suites }: PackageRepositoryProperties): string[] {
  const escaped = (text: string) => text.replaceAll("_", "%5f").replaceAll("/", "_");
  return uris.flatMap((uri) => {
    const base = escaped(uri.replace(/^[a-z+]+:(\/\/)?/, "").replace(/([^/])$/, "$1/"));
    return suites.map((suite) =>
      suite.endsWith("/")
        ? `${base}${escaped(suite.replace(/^\.?\//, ""))}`
        : `${base}dists_${escaped(suite)}_`,
    );
  });
}
