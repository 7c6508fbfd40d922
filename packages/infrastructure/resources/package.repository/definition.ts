import { createHash } from "node:crypto";
import { HavnError } from "@havn/model";
import { z } from "zod";
import { type OwnFile, removeOwnFile, writeOwnFile } from "../own-file.ts";
import { nothing, type Part, part, planOf } from "../parts.ts";
import { absolutePath, textProperty } from "../text.ts";
import type { HostPlan, Operation, ResourceDefinition, Wanted } from "../type.ts";

const word = z.string().regex(/^\S+$/, "expected a word without spaces");

export const packageRepositorySchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, "expected letters, digits, hyphens and underscores")
    .describe("name of its files in /etc/apt"),
  uris: z.array(word).min(1).describe("where the archive is"),
  suites: z.array(word).min(1).describe('distributions such as "bookworm", or a path that ends with /'),
  components: z.array(word).default([]).describe('such as "main"; none where the suite is a path'),
  types: z
    .array(z.enum(["deb", "deb-src"]))
    .min(1)
    .default(["deb"])
    .describe("binary or source packages"),
  architectures: z.array(word).default([]).describe("absent: the host's own"),
  key: textProperty.optional().describe("the archive's public key, armoured (-----BEGIN PGP …)"),
  keyFile: absolutePath.optional().describe("file on the host that holds the key, in place of `key`"),
  keyDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "expected a sha256 in hexadecimal")
    .optional()
    .describe("sha256 that the key must have; anything else is refused"),
});
export type PackageRepositoryProperties = Omit<z.output<typeof packageRepositorySchema>, "key"> & {
  key?: string;
};

export interface PackageRepositoryObserved {
  sources?: OwnFile;
  key?: OwnFile;
  /** sha256 of `keyFile`, where one is declared and there. */
  keyFileDigest?: string | undefined;
  /** apt has the archive's lists. */
  fetched: boolean;
}

const packageRepository: ResourceDefinition<PackageRepositoryProperties, PackageRepositoryObserved> = {
  type: "package.repository",
  schema: packageRepositorySchema.refine(
    ({ key, keyFile }) => key === undefined || keyFile === undefined,
    "give either key or keyFile",
  ),
  plan: planRepository,
  paths: ({ name }) => [sourcesPath(name), keyPath(name)],
  keeps: ({ name }) => [sourcesPath(name), keyPath(name)],
};
export default packageRepository;

export const sourcesPath = (name: string): string => `/etc/apt/sources.list.d/${name}.sources`;
export const keyPath = (name: string): string => `/etc/apt/keyrings/${name}.asc`;

function planRepository(
  observed: PackageRepositoryObserved,
  desired: PackageRepositoryProperties,
  wanted: Wanted,
): HostPlan {
  const { name, key } = desired;
  if (wanted === "absent")
    return planOf(
      "delete",
      removeOwnFile(observed.sources, sourcesPath(name), "sources"),
      removeOwnFile(observed.key, keyPath(name), "key"),
    );
  checkDigest(observed, desired);
  const keyPart: Part =
    key === undefined
      ? removeOwnFile(observed.key, keyPath(name), "key")
      : writeOwnFile(observed.key, { path: keyPath(name), content: withNewline(key), property: "key" });
  const sources = writeOwnFile(observed.sources, {
    path: sourcesPath(name),
    content: formatSources(desired),
    property: "sources",
  });
  const changed = keyPart !== nothing || sources !== nothing || !observed.fetched;
  const lists = changed
    ? part("lists", observed.fetched ? "of before" : undefined, "fetched", fetchLists(name))
    : nothing;
  return planOf(observed.sources ? "update" : "create", keyPart, sources, lists);
}

const withNewline = (text: string) => `${text.trimEnd()}\n`;

function checkDigest(
  { keyFileDigest }: PackageRepositoryObserved,
  { name, key, keyFile, keyDigest }: PackageRepositoryProperties,
): void {
  if (keyDigest === undefined) return;
  const digest =
    key === undefined ? keyFileDigest : createHash("sha256").update(withNewline(key)).digest("hex");
  if (digest === undefined)
    throw new HavnError(`The key of ${name} is not there`, {
      detail: `Declare what brings ${keyFile} (a download, a file, a package) and depend on it.`,
    });
  if (digest === keyDigest) return;
  throw new HavnError(`The key of ${name} is not the one that was declared`, {
    detail: `Its sha256 is ${digest}, not ${keyDigest}. Find out from the archive's owner which is right.`,
  });
}

/** Paragraph of deb822, as sources.list(5) has it. */
function formatSources(desired: PackageRepositoryProperties): string {
  const { name, types, uris, suites, components, architectures, key, keyFile } = desired;
  const signedBy = key === undefined ? (keyFile ?? "") : keyPath(name);
  const fields = {
    Types: types.join(" "),
    URIs: uris.join(" "),
    Suites: suites.join(" "),
    Components: components.join(" "),
    Architectures: architectures.join(" "),
    "Signed-By": signedBy,
  };
  const lines = Object.entries(fields).filter(([, value]) => value !== "");
  return `# Written by Havn.\n${lines.map(([field, value]) => `${field}: ${value}\n`).join("")}`;
}

/** Only those of this archive: others may be out of reach just now. */
const fetchLists = (name: string): Operation => ({
  kind: "run",
  command: [
    ...["apt-get", "update", "--quiet", "--error-on=any"],
    ...["-o", `Dir::Etc::SourceList=${sourcesPath(name)}`, "-o", "Dir::Etc::SourceParts=/dev/null"],
    ...["-o", "APT::Get::List-Cleanup=0", "-o", "Acquire::Languages=none"],
  ],
});
