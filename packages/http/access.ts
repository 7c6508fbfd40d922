export type Role = "viewer" | "operator" | "admin";

/** Who is asking. */
export interface Identity {
  /** Of the token or the session; never the secret itself. */
  id: string;
  /** As it stands on the timeline and in the audit log: `user:admin`, `token:ci`. */
  actor: string;
  role: Role;
  via: "token" | "session";
  /** Sessions only: what a change must carry in the header `x-havn-csrf`. */
  csrfToken?: string;
}

/** What a caller brought along. */
export interface Credentials {
  /** The Authorization header as it stands. */
  authorization?: string | undefined;
  cookies: Readonly<Record<string, string>>;
  remoteAddress: string;
}

/** One decision about a change. `allowed` is written before the work starts, `failed` when it then failed. */
export interface AuditEntry {
  actor: string;
  identity: string;
  role: Role;
  action: string;
  resource: string;
  outcome: "allowed" | "denied" | "failed";
  method: string;
  /** The path without its query. */
  path: string;
  remoteAddress: string;
}

/** What the route kit asks of the room that knows identities; `@havn/access` provides it. */
export interface AccessGate {
  /** Undefined: anonymous. Throws a HavnError (401 wrong or expired, 429 too many failures). */
  authenticate(credentials: Credentials): Promise<Identity | undefined>;
  decide(identity: Identity, action: string, resource: string): boolean | Promise<boolean>;
  /** Resolves when the entry is durable. A change is not made when this throws. */
  audit(entry: AuditEntry): Promise<void>;
}
