// Exits with 0 when what npm has installed is what package-lock.json says. The launcher asks when it has no stamp of
// its own: a developer who ran npm by hand must not wait for a second installation.
// Arguments: "production" (development dependencies may be missing) or "development".
import { existsSync, readFileSync } from "node:fs";

const root = new URL("..", import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, root), "utf8")).packages;

let installed;
try {
  installed = read("node_modules/.package-lock.json");
} catch {
  process.exit(1);
}
const differs = Object.entries(read("package-lock.json")).some(([path, wanted]) => {
  if (!path.startsWith("node_modules/") || wanted.link)
    return path !== "" && !existsSync(new URL(path, root));
  const have = installed[path];
  // Packages for other platforms, and peers that are optional, are rightly absent.
  if (have === undefined)
    return !(wanted.optional || wanted.peer || (wanted.dev && process.argv[2] !== "development"));
  return have.version !== wanted.version || !existsSync(new URL(path, root));
});
process.exit(differs ? 1 : 0);
