// Runs on a lab machine: the sites that the examples speak of (downloads, a package registry, an API), on port 80.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const [folder = "/srv/site"] = process.argv.slice(2);
const made = new Set<string>();

const packed = (version: string) => ({
  name: "harbour-tool",
  version,
  dist: {
    tarball: `http://npm.example.org/harbour-tool-${version}.tgz`,
    integrity: `sha512-${createHash("sha512")
      .update(readFileSync(`${folder}/harbour-tool-${version}.tgz`))
      .digest("base64")}`,
  },
});
const registry = JSON.stringify({
  name: "harbour-tool",
  "dist-tags": { latest: "1.3.0" },
  versions: { "1.2.0": packed("1.2.0"), "1.3.0": packed("1.3.0") },
});

createServer((request, response) => {
  const { method = "", url = "" } = request;
  if (method === "PUT") made.add(url);
  if (url === "/harbour-tool") response.end(registry);
  else if (url.endsWith("gz")) response.end(readFileSync(`${folder}${url}`));
  else response.writeHead(method === "PUT" || made.has(url) ? 200 : 404).end();
}).listen(80);
