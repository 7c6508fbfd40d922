import { X509Certificate } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import {
  type AgentConfig,
  createKeyAndRequest,
  enrolmentAnswer,
  enrolmentRequest,
} from "@havn/fleet/protocol";
import { HavnError } from "@havn/model";
import { findFile, findJson, writeFileAtomic } from "../files.ts";
import type { Log } from "../log.ts";

/** Who this agent is: key and certificate in one PEM text, and the authority that it trusts. */
export interface Identity {
  pem: string;
  ca: string;
}

const identityFile = "identity.pem";
const renewBeforeMs = 30 * 86_400_000;
const timeoutMs = 15_000;

/**
 * The agent's identity. A token in the data directory is exchanged for a new one first; it is removed once it is used.
 * Throws a HavnError where there is neither token nor identity, or the control plane refused the token.
 */
export async function ensureIdentity(
  dataDirectory: string,
  config: AgentConfig,
  log: Log,
): Promise<Identity> {
  const ca = await readFile(join(dataDirectory, "ca.pem"), "utf8");
  const tokenFile = join(dataDirectory, "token");
  const token = (await findFile(tokenFile))?.trim();
  const present = await findFile(join(dataDirectory, identityFile));
  if (token) {
    try {
      await enrol({ dataDirectory, config, ca, token });
      await rm(tokenFile, { force: true });
      log.info(`enrolled as ${config.host}`);
    } catch (error) {
      // An agent that died between enrolling and removing its token has what it needs.
      const refused = error instanceof HavnError && !error.retryable;
      if (!present || !refused) throw error;
      log.warn(`enrolment was refused (${error.message}); going on with the certificate from before`);
      await rm(tokenFile, { force: true });
    }
  }
  const pem = await findFile(join(dataDirectory, identityFile));
  if (!pem)
    throw new HavnError("This agent has neither a certificate nor an enrolment token", {
      detail: "Apply the host again: that makes a new token.",
    });
  return { pem, ca };
}

/** Whether the certificate should be renewed now. */
export function isDueForRenewal({ pem }: Identity, now: number): boolean {
  return (
    Date.parse(new X509Certificate(pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"))).validTo) - now <
    renewBeforeMs
  );
}

/** A new key and certificate, asked for over the connection that the present one made. */
export async function renew(
  dataDirectory: string,
  config: AgentConfig,
  ask: (request: string) => Promise<string>,
): Promise<void> {
  const { key, request: csr } = await createKeyAndRequest(config.host);
  const certificate = await ask(csr);
  await writeFileAtomic(join(dataDirectory, identityFile), key + certificate);
}

async function enrol(options: {
  dataDirectory: string;
  config: AgentConfig;
  ca: string;
  token: string;
}): Promise<void> {
  const { config, ca, token } = options;
  const { key, request: csr } = await createKeyAndRequest(config.host);
  const body = JSON.stringify(enrolmentRequest.parse({ host: config.host, token, request: csr }));
  let failure: unknown;
  for (const server of config.servers) {
    try {
      const certificate = await post(new URL("/agent/enrol", server), ca, body);
      return await writeFileAtomic(join(options.dataDirectory, identityFile), key + certificate);
    } catch (error) {
      failure = error;
      // A server that answered has decided; only an unreachable one leaves the others a chance.
      if (error instanceof HavnError && !error.retryable) break;
    }
  }
  throw failure;
}

function post(url: URL, ca: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const outgoing = request(url, { method: "POST", ca, headers, timeout: timeoutMs, agent: false });
    const fail = (cause: Error) =>
      reject(new HavnError(`Cannot enrol at ${url.origin}: ${cause.message}`, { retryable: true, cause }));
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    outgoing.on("error", fail);
    outgoing.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("error", fail);
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        const answer = findJson(text);
        const parsed = enrolmentAnswer.safeParse(answer);
        if (response.statusCode === 200 && parsed.success) return resolve(parsed.data.certificate);
        const told = (answer as { error?: { summary?: string; detail?: string } } | undefined)?.error;
        reject(
          new HavnError(told?.summary ?? `Enrolment was answered with status ${response.statusCode}`, {
            detail: told?.detail ?? "",
            status: response.statusCode ?? 502,
            retryable: (response.statusCode ?? 500) >= 500,
          }),
        );
      });
    });
    outgoing.end(body);
  });
}
