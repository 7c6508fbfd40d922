import { createHash, randomBytes } from "node:crypto";
import { type Clock, HavnError, parseAddress, type Timeline } from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { CertificateAuthority } from "../ca/ca.ts";
import * as store from "../store.ts";

const tokenLifeMs = 3_600_000;
const dayMs = 86_400_000;
const keepTokensMs = 7 * dayMs;
const keepCertificatesMs = 30 * dayMs;

export interface Enrolment {
  /** A single-use token for the agent of `host`; only its hash is kept. */
  createToken(host: string, options?: { lifeMs?: number }): Promise<string>;
  /** The agent's certificate in exchange for a token; revokes the host's earlier ones. Throws a HavnError 401 or 410. */
  enrol(request: { host: string; token: string; request: string }): Promise<string>;
  renew(host: string, request: string): Promise<string>;
  /** Forgets tokens that expired a week ago and certificates that did a month ago: neither opens anything any more. */
  prune(): Promise<void>;
}

export function createEnrolment(options: {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  ca: CertificateAuthority;
}): Enrolment {
  const { sql, clock, timeline, ca } = options;

  async function record({ serial, notAfter }: { serial: string; notAfter: number }, host: string) {
    await store.insertCertificate(sql, { serial, host, issuedAt: clock.now(), notAfter });
  }

  /** Only for tokens that name a host we know: anyone may knock, and the timeline is not theirs to fill. */
  async function refuse(hash: Buffer, token: store.TokenRow): Promise<never> {
    const used = token.usedAt !== null;
    const { environment } = parseAddress(token.host);
    await timeline.write({
      kind: "host.enrolment.refused",
      severity: "warning",
      environment,
      address: token.host,
      host: token.host,
      summary: `Enrolment of ${token.host} was refused: its token ${used ? "had been used" : "had expired"}.`,
      data: { reason: used ? "used" : "expired" },
      key: `enrolment.refused:${hash.toString("hex")}:${used ? "used" : "expired"}`,
    });
    throw new HavnError(`The enrolment token has ${used ? "been used already" : "expired"}`, {
      detail: "Apply the host again: that makes a new token.",
      status: 410,
    });
  }

  return {
    async prune() {
      await store.deleteOldTokens(sql, clock.now() - keepTokensMs);
      await store.deleteOldCertificates(sql, clock.now() - keepCertificatesMs);
    },
    async createToken(host, { lifeMs = tokenLifeMs } = {}) {
      const token = randomBytes(32).toString("base64url");
      await store.insertToken(sql, { hash: hashToken(token), host, expiresAt: clock.now() + lifeMs });
      return token;
    },
    async enrol({ host, token, request }) {
      const hash = hashToken(token);
      const found = await store.findToken(sql, hash);
      // A token for another host is told apart from an unknown one to nobody.
      if (found?.host !== host)
        throw new HavnError("The enrolment token is not valid for this host", {
          detail: "Apply the host again: that makes a new token.",
          status: 401,
        });
      // Signed first: a damaged request must not use the token up.
      const issued = await ca.issueClient(host, request);
      if (!(await store.claimToken(sql, hash, clock.now())))
        return refuse(hash, (await store.findToken(sql, hash)) ?? found);
      await record(issued, host);
      await store.revokeCertificates(sql, {
        host,
        except: issued.serial,
        because: "enrolled again",
        at: clock.now(),
      });
      await timeline.write({
        kind: "host.enrolled",
        environment: parseAddress(host).environment,
        address: host,
        host,
        summary: `The agent of ${host} was enrolled.`,
        data: { serial: issued.serial },
        key: `enrolled:${issued.serial}`,
      });
      return issued.pem;
    },
    async renew(host, request) {
      const issued = await ca.issueClient(host, request);
      await record(issued, host);
      return issued.pem;
    },
  };
}

const hashToken = (token: string): Buffer => createHash("sha256").update(token).digest();
