import type { AccessGate, Route } from "@havn/http";
import type { Clock, ResourceGraph, Timeline } from "@havn/model";
import { migrate, type Sql } from "@havn/postgres";
import type { ChainState } from "./audit/chain.ts";
import { createAuditLog } from "./audit/log.ts";
import { createAuthentication } from "./authenticate.ts";
import { createDecider } from "./decisions.ts";
import { openKeys } from "./keys.ts";
import { accessRoutes } from "./routes.ts";
import { type Identities, openIdentities } from "./secrets/identities.ts";
import { prepareSecrets } from "./secrets/prepare.ts";
import { secretRoutes } from "./secrets/routes.ts";
import { createSecrets, type Secrets } from "./secrets/secrets.ts";
import { deleteSealed, findAnySecret } from "./secrets/store.ts";
import { createSessions, createSignIn, type SignIn } from "./sessions.ts";
import { createTokens, type Tokens } from "./tokens.ts";

export type { ChainState } from "./audit/chain.ts";
export type { Role } from "./decisions.ts";
export type { Secrets } from "./secrets/secrets.ts";
export type { SignIn } from "./sessions.ts";
export type { Tokens } from "./tokens.ts";

export interface AccessOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  /** Holds `keys`, `age-identities` and `cli-token`, all readable by this user only. */
  dataDirectory: string;
}

export interface Access extends AccessGate {
  readonly tokens: Tokens;
  readonly signIn: SignIn;
  readonly secrets: Secrets;
  /** Checks a graph's secrets before it is planned and keeps their ciphertexts. See `prepareSecrets`. */
  prepareSecrets(graph: ResourceGraph): Promise<ResourceGraph>;
  verifyAudit(): Promise<ChainState>;
  /** Forgets sessions, links and tokens that ended long ago. The audit log is never shortened: its chain has one start. */
  prune(): Promise<void>;
  /**
   * Forgets ciphertexts of the repository that nothing was planned with for longer than plans and applies are kept, but
   * those that `inUse` names by what their references carry (`sealed`).
   */
  pruneSealed(inUse: () => Promise<string[]>): Promise<void>;
  readonly routes: Route[];
}

/** A plan is kept for a week, what was applied for 90 days after. */
const keepSealedMs = 100 * 86_400_000;

/** Opens the room: tables, keys, policies, and the token that the command line finds in the data directory. */
export async function createAccess({ sql, clock, timeline, dataDirectory }: AccessOptions): Promise<Access> {
  await migrate(sql, "access", new URL("migrations/", import.meta.url));
  const keys = await openKeys(dataDirectory);
  const cookieName = `havn-${keys.installation}`;
  const decider = createDecider();
  const tokens = createTokens({ sql, clock, timeline });
  const signIn = createSignIn({ sql, clock, timeline });
  const sessions = createSessions({ sql, clock, csrfKey: keys.csrf });
  const identities: Identities = await openIdentities(dataDirectory);
  const secrets = createSecrets({ sql, clock, keys, identities });
  const auditLog = createAuditLog({ sql, clock, key: keys.audit });
  const authentication = createAuthentication({ clock, tokens, sessions, cookieName });

  await requireFittingKeys(sql, secrets);
  await tokens.ensureCliToken(dataDirectory);

  return {
    authenticate: (credentials) => authentication.authenticate(credentials),
    decide: (identity, action) => decider.decide(identity.role, action),
    audit: (entry) => auditLog.write(entry),
    verifyAudit: () => auditLog.verify(),
    async prune() {
      await signIn.prune();
      await tokens.prune();
    },
    pruneSealed: async (inUse) => {
      await deleteSealed(sql, clock.now() - keepSealedMs, await inUse());
    },
    tokens,
    signIn,
    secrets,
    prepareSecrets: (graph) => prepareSecrets(graph, { sql, now: () => clock.now(), identities, secrets }),
    routes: [
      ...accessRoutes({ tokens, signIn, sessions, authentication, auditLog, cookieName }),
      ...secretRoutes({ secrets, identities, timeline }),
    ],
  };
}

/** A lost or foreign key file is told at start, not when the first host needs a secret. */
async function requireFittingKeys(sql: Sql, secrets: Secrets): Promise<void> {
  const any = await findAnySecret(sql);
  if (any) await secrets.find(any.environment, any.name);
}
