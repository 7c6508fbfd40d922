import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * npm leaves packages for other platforms out of package-lock.json when the registry at hand does not have them, and
 * then `npm ci` refuses the lock file. This adds them, at the exact version that the package which needs them names:
 *
 *     npm install --package-lock-only … && scripts/node.sh scripts/complete-lock.ts
 */
interface LockEntry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}
export interface Lock {
  packages: Record<string, LockEntry>;
}

/** Optional packages that something in the lock file needs and that it does not have, with what it should say. */
export function missingOptionals({ packages }: Lock): [path: string, entry: LockEntry][] {
  return Object.entries(packages).flatMap(([path, { dev, optionalDependencies = {} }]) =>
    path === ""
      ? []
      : Object.entries(optionalDependencies)
          .filter(
            ([name]) =>
              !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
          )
          // A range would be a choice, and there is nothing to choose from.
          .filter(([, version]) => /^\d+\.\d+\.\d+[\w.-]*$/.test(version))
          .map(([name, version]): [string, LockEntry] => [
            `node_modules/${name}`,
            { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true },
          ]),
  );
}

/** What such packages are named after: `…-linux-arm64-musl`. */
function platformOf(name: string): Pick<LockEntry, "os" | "cpu" | "libc"> {
  const words = name.slice(name.lastIndexOf("/") + 1).split("-");
  const os = words.find((word) =>
    ["android", "darwin", "freebsd", "linux", "openharmony", "win32"].includes(word),
  );
  const cpu = words.find((word) =>
    ["arm", "arm64", "ia32", "ppc64", "riscv64", "s390x", "x64"].includes(word),
  );
  const musl = words.some((word) => word.startsWith("musl"));
  const glibc = words.some((word) => word.startsWith("gnu"));
  return {
    ...(os ? { os: [os] } : {}),
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(musl || glibc ? { libc: [musl ? "musl" : "glibc"] } : {}),
  };
}

if (import.meta.main) {
  const file = fileURLToPath(new URL("../package-lock.json", import.meta.url));
  const lock = JSON.parse(readFileSync(file, "utf8")) as Lock;
  for (const [path, entry] of missingOptionals(lock)) {
    lock.packages[path] = entry;
    console.log(`added ${path} ${entry.version}`);
  }
  // As npm sorts, so that its next change is a small one.
  lock.packages = Object.fromEntries(
    Object.entries(lock.packages).sort(([left], [right]) => left.localeCompare(right, "en")),
  );
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
}
