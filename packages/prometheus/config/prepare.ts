import type { Diagnostic, Location } from "@havn/model";
import { fault } from "./yaml.ts";

/** Files beside a configuration; all paths are as a person would type them. */
export interface PathContext {
  /** Text of a file, by a path that `resolve` or `list` gave; undefined where there is none. */
  read(path: string): string | undefined;
  /** Of a path as it is written in the file `from`. */
  resolve(path: string, from: string): string;
  /** Files that match a pattern with `*` in its last part, written in `from`; sorted. */
  list(pattern: string, from: string): string[];
  /** The path on the control plane's own disk, for files that are read again and again. */
  absolute(path: string, from: string): string;
}

/** A secret that is to be set, in place of one that stands in the file or beside it. */
export interface ReadSecret {
  name: string;
  /** Where it stood, as a person says it: `basic_auth.password of job node`. */
  what: string;
  at: Location;
  /** The file that holds it, where one was named. */
  file?: string;
}

interface Preparing {
  files: PathContext;
  from: string;
  at(path: readonly PropertyKey[]): Location;
}

type Config = Record<string, unknown> & { job_name: string; scrape_timeout?: string | undefined };

/**
 * A scrape config as a resource may hold it: a secret becomes a reference to one that is to be set (what stands in a graph
 * is kept and shown), certificates are read, paths of target files become absolute.
 */
export function prepareScrape(
  written: Config,
  preparing: Preparing,
): { properties: Config; secrets: ReadSecret[]; diagnostics: Diagnostic[] } {
  const taking = new Taking(written.job_name, preparing);
  const properties = taking.object(written, []) as Config;
  return { properties, secrets: taking.secrets, diagnostics: taking.diagnostics };
}

const secretKeys = new Set(["password", "credentials", "bearer_token", "key", "secrets"]);
const secretFiles: Readonly<Record<string, string>> = {
  password_file: "password",
  credentials_file: "credentials",
  bearer_token_file: "bearer_token",
  key_file: "key",
};
const textFiles: Readonly<Record<string, string>> = {
  ca_file: "ca",
  cert_file: "cert",
  username_file: "username",
};

class Taking {
  readonly secrets: ReadSecret[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly #job: string;
  readonly #preparing: Preparing;

  constructor(job: string, preparing: Preparing) {
    this.#job = job;
    this.#preparing = preparing;
  }

  object(given: Readonly<Record<string, unknown>>, path: readonly PropertyKey[]): Record<string, unknown> {
    const taken: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(given)) {
      const here = [...path, key];
      const asSecret = secretFiles[key];
      const asText = textFiles[key];
      if (value === undefined) continue;
      if (isHttpPart(path, key) && asSecret)
        taken[asSecret] = this.#secret([...path, asSecret], String(value), here);
      else if (isHttpPart(path, key) && asText) taken[asText] = this.#text(String(value), here);
      else if (isHttpPart(path, key) && secretKeys.has(key)) taken[key] = this.#secrets(value, here);
      else if (key === "kubeconfig_file") this.#unsupported(key, here);
      else taken[key] = this.#value(value, here);
    }
    return taken;
  }

  #value(value: unknown, path: readonly PropertyKey[]): unknown {
    if (path.at(-2) === "file_sd_configs" || (path.at(-1) === "files" && path.includes("file_sd_configs")))
      return this.#paths(value, path);
    if (Array.isArray(value)) return value.map((item, at) => this.#value(item, [...path, at]));
    if (typeof value === "object" && value !== null)
      return this.object(value as Record<string, unknown>, path);
    return value;
  }

  #paths(value: unknown, path: readonly PropertyKey[]): unknown {
    if (path.at(-1) !== "files") return this.object(value as Record<string, unknown>, path);
    const { files, from } = this.#preparing;
    return (value as string[]).map((each) => files.absolute(each, from));
  }

  #secrets(value: unknown, path: readonly PropertyKey[]): unknown {
    if (Array.isArray(value)) return value.map((_, at) => this.#secret([...path, at], undefined, path));
    return this.#secret(path, undefined, path);
  }

  #secret(path: readonly PropertyKey[], file: string | undefined, at: readonly PropertyKey[]): unknown {
    const what = path.filter((part) => !/_sd_configs$/.test(String(part))).join("-");
    const name = nameFrom(`scrape-${this.#job}-${what}`);
    this.secrets.push({
      ...{ name, what: `${path.join(".")} of job "${this.#job}"`, at: this.#preparing.at(at) },
      ...(file !== undefined && { file }),
    });
    return { $secret: name, given: true };
  }

  #text(written: string, at: readonly PropertyKey[]): string {
    const { files, from } = this.#preparing;
    const text = files.read(files.resolve(written, from));
    if (text !== undefined) return at.at(-1) === "username_file" ? text.trim() : text;
    this.diagnostics.push(
      fault(
        this.#preparing.at(at),
        `There is no file "${written}"`,
        `${String(at.at(-1))} of job "${this.#job}" names it; paths are relative to ${from}.`,
      ),
    );
    return "";
  }

  #unsupported(key: string, at: readonly PropertyKey[]): void {
    this.diagnostics.push(
      fault(
        this.#preparing.at(at),
        `${key} is not read here`,
        "Write api_server and tls_config or authorization instead.",
      ),
    );
  }
}

/** Whether a key is one of `http_config`, rather than a label or a parameter of the same name. */
function isHttpPart(path: readonly PropertyKey[], key: string): boolean {
  const parent = String(path.at(-1) ?? "");
  if (key.startsWith("bearer_token")) return path.length === 0 || /_sd_configs$/.test(String(path.at(-2)));
  if (key === "secrets") return path.at(-2) === "http_headers";
  return parent === "basic_auth" || parent === "authorization" || parent === "tls_config";
}

/** Names of secrets are lower-case letters, digits and hyphens. */
const nameFrom = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 200);

/**
 * What a person does about a secret that was found. It has no place to be shown: the line there is what must not be.
 */
export function secretWarning({ name, what, at, file }: ReadSecret, environment: string): Diagnostic {
  const held = file === undefined ? "in plain text" : `in the file ${file}`;
  return {
    severity: "warning",
    summary: `${at.file}:${at.line}: ${what} stands ${held}, and is not taken from there`,
    detail: `Secrets stand in no plan. Set it once: havn secret set ${name} -e ${environment}`,
  };
}

/** A diagnostic is shown with the line that it speaks of, unless that line may hold a secret. */
export function withoutSecretLines(diagnostics: readonly Diagnostic[], text: string): Diagnostic[] {
  const lines = text.split("\n");
  return diagnostics.map((one) => {
    const { at, ...rest } = one;
    const isSecret =
      at &&
      /(pass|credential|token|secret|auth|header|_key|\bkey|:\/\/[^/\s]*@)/i.test(lines[at.line - 1] ?? "");
    return isSecret ? { ...rest, summary: `${at.file}:${at.line}: ${one.summary}` } : one;
  });
}
