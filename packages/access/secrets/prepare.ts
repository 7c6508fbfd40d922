import {
  type Diagnostic,
  findReferences,
  HavnError,
  type Resource,
  type ResourceGraph,
  type SealedFile,
  type SecretReference,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import { parseSops, pathOf, sealedFileId, sealedValueId } from "@havn/sops";
import type { Identities } from "./identities.ts";
import { digestOf, type OpenedFile, openFile } from "./sealed.ts";
import { notSet, type Secrets } from "./secrets.ts";
import { putSealed, type SealedValueRow } from "./store.ts";

interface PrepareOptions {
  sql: Sql;
  now(): number;
  identities: Identities;
  secrets: Secrets;
}

/**
 * Checks, before anything is planned, that every secret that a graph refers to can be opened when a host needs it, and
 * keeps the ciphertexts. Gives the graph as it is planned: without them, with the versions of secrets that have had
 * another value. Throws a HavnError (400) with all that is wrong, each at the line that refers to it.
 */
export async function prepareSecrets(
  graph: ResourceGraph,
  { sql, now, identities, secrets }: PrepareOptions,
): Promise<ResourceGraph> {
  const { sealed = [], ...rest } = graph;
  const uses = graph.resources.flatMap((resource) =>
    findReferences(resource.properties)
      .filter((reference) => "$secret" in reference)
      .map((reference) => ({ resource, reference })),
  );
  if (uses.length === 0 && sealed.length === 0) return rest;
  const known = new Map((await secrets.list(graph.environment)).map((row) => [row.name, row]));
  const files = new Files(sealed, identities);
  const diagnostics: Diagnostic[] = [];
  const values = new Map<string, SealedValueRow>();
  for (const { resource, reference } of uses)
    try {
      if (reference.sealed !== undefined)
        values.set(reference.sealed, {
          environment: graph.environment,
          ...(await files.check(reference, reference.sealed)),
        });
      else if (reference.given && !known.has(reference.$secret))
        throw notSet({ environment: graph.environment, name: reference.$secret });
    } catch (error) {
      if (!(error instanceof HavnError)) throw error;
      addOnce(diagnostics, diagnosticOf(error, resource));
    }
  if (diagnostics.length > 0)
    throw new HavnError(`Secrets of "${graph.environment}" cannot be opened`, {
      detail: "Nothing was planned and nothing was changed.",
      status: 400,
      diagnostics,
    });
  await putSealed(sql, { files: files.used(), values: [...values.values()], at: now() });
  const version = (name: string) => known.get(name)?.version ?? 1;
  return { ...rest, resources: rest.resources.map((resource) => withVersions(resource, version)) };
}

/** The files that came with a graph; each is opened once, whole. */
class Files {
  readonly #byName: ReadonlyMap<string, SealedFile>;
  readonly #opened = new Map<string, Promise<OpenedFile>>();
  readonly #identities: Identities;
  constructor(files: readonly SealedFile[], identities: Identities) {
    this.#byName = new Map(files.map((file) => [file.file, file]));
    this.#identities = identities;
  }

  async check({ $secret: name }: SecretReference, id: string): Promise<Omit<SealedValueRow, "environment">> {
    const [fileName = "", key] = split(name);
    const file = this.#byName.get(fileName);
    if (!file)
      throw new HavnError(`The encrypted file of "${name}" did not come with the plan`, {
        detail: "Plan from the configuration that refers to it.",
        status: 400,
      });
    const path = key === undefined ? [] : pathOf(key);
    try {
      const opened = this.#opened.get(fileName) ?? openFile(file, this.#identities);
      this.#opened.set(fileName, opened);
      const found = (await opened).find(path);
      const expected =
        file.format === "age"
          ? sealedFileId(file.text)
          : sealedValueId(parseSops(file.text, file.format), path);
      if (found === undefined || expected !== id)
        throw new HavnError(`It has no such value at ${key ?? "its top"}`, {
          detail:
            "Plan again. What stands in plain outside of the file's MAC (mac_only_encrypted) is no secret either.",
          status: 400,
        });
    } catch (error) {
      if (!(error instanceof HavnError)) throw error;
      throw new HavnError(`${fileName} cannot be used: ${lower(error.message)}`, {
        detail: error.detail,
        status: 400,
      });
    }
    return { id, name, path: [...path], file: digestOf(file) };
  }

  used() {
    return [...this.#opened.keys()].flatMap((name) => {
      const file = this.#byName.get(name);
      return file ? [{ digest: digestOf(file), format: file.format, content: file.text }] : [];
    });
  }
}

/** `secrets/prod.yaml#db.password`: file, and where in it. */
function split(name: string): [file: string, key?: string] {
  const at = name.indexOf("#");
  return at < 0 ? [name] : [name.slice(0, at), name.slice(at + 1)];
}

const lower = (text: string): string => text.replace(/^It /, "it ");

const diagnosticOf = (error: HavnError, { address, location }: Resource): Diagnostic => ({
  severity: "error",
  summary: error.message,
  detail: error.detail,
  address,
  ...(location && { at: location }),
});

/** One file that does not open is one mistake, however many values of it are used. */
function addOnce(diagnostics: Diagnostic[], diagnostic: Diagnostic): void {
  if (!diagnostics.some(({ summary }) => summary === diagnostic.summary)) diagnostics.push(diagnostic);
}

function withVersions(resource: Resource, versionOf: (name: string) => number): Resource {
  const stamp = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(stamp);
    if (typeof value !== "object" || value === null) return value;
    if ("$secret" in value && !("sealed" in value)) {
      const version = versionOf(String(value.$secret));
      return version > 1 ? { ...value, version } : value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, stamp(item)]));
  };
  return { ...resource, properties: stamp(resource.properties) as Resource["properties"] };
}
