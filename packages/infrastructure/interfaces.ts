import type { HostClient, HostReport } from "@havn/fleet/protocol";
import type {
  Action,
  Address,
  Alert,
  Apply,
  Clock,
  Expectations,
  PlannedChange,
  PropertyChange,
  Resource,
  ResourceGraph,
  SecretReference,
  Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";
import type { Run, Workflows } from "@havn/workflows";

/** What infrastructure needs of the rest of the control plane; apps/server hands it over. */
export interface InfrastructureOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  /** Hosts are named by the address of their resource. References in parameters are resolved on the way. */
  hosts: HostClient;
  hostConnected(host: Address): boolean;
  /** Resolves when no host of the environment is just about to connect: a plan right after a start sees them all. */
  hostsSettled?(environment: string): Promise<void>;
  /** What the host's agent said last; undefined while it is not connected. */
  hostReport(host: Address): HostReport | undefined;
  desired: {
    /** Durable; the agent gets all of it now or when it connects. References in it are resolved on the way. */
    putAll(
      host: Address,
      sections: Record<"resources" | "secrets" | "secretValues", unknown>,
    ): Promise<unknown>;
  };
  /**
   * Checks that every secret a graph refers to can be opened, and keeps the ciphertexts that came with it. Gives the
   * graph to plan. Throws a HavnError (400) with diagnostics.
   */
  prepareSecrets(graph: ResourceGraph): Promise<ResourceGraph>;
  /** Keeps a secret that was found on a host, in place of one of that name. Durable once it resolves. */
  keepSecret(at: { environment: string; name: string }, value: string, actor: string): Promise<unknown>;
  /** Equal for secrets of equal value, and tells nothing of it. */
  fingerprint(environment: string, reference: SecretReference): Promise<string>;
  /** Not launched yet: the workflow of applies is defined on it. */
  workflows: Pick<Workflows, "define">;
  /** Asked at the first plan: rooms that need infrastructure themselves may be opened after it. */
  executors(): readonly ResourceExecutor[];
  /** Those of `digests` that no artifact is stored for. */
  missingArtifacts(digests: string[]): Promise<string[]>;
  /** What gates between batches ask. */
  gates: Gates;
  /** What bundles will make alerts of (units that restart, a reboot): those are held until they end. */
  expectations?: Expectations;
  /** Called on every change of an apply, at most ten times a second, and at its end. */
  onProgress?(apply: Apply): void;
}

export interface Gates {
  /**
   * Values of all samples that a PromQL expression gives now, from the environment's own series. Throws a HavnError, with
   * status 400 for an expression that is wrong.
   */
  query(query: { expr: string; environment: string; signal: AbortSignal }): Promise<number[]>;
  /** Alerts of an environment that are pending or firing. */
  alerts(environment: string): Pick<Alert, "state" | "address" | "labels" | "summary">[];
}

/** How the control plane makes a type real. Rooms conform to it without importing it. */
export interface ResourceExecutor {
  types: readonly string[];
  /** Reads reality and compares; changes nothing. `desired` undefined: no longer declared. `prior`: what was applied last. */
  plan(desired: Resource | undefined, prior: Resource | undefined): Promise<ExecutorPlan>;
  /** Makes it real inside a durable apply; idempotent. Step names need be unique within the resource only. */
  apply(run: Steps, change: PlannedChange, desired: Resource, context: ApplyContext): Promise<void>;
  remove(run: Steps, prior: Resource, context: ApplyContext): Promise<void>;
}

export type Steps = Pick<Run, "step" | "id">;

export interface ExecutorPlan {
  action: Action;
  changes: PropertyChange[];
  reason?: string;
  /** What is odd about it, and keeps nothing from being applied. */
  warnings?: { summary: string; detail: string }[];
}

export interface ApplyContext {
  applyId: string;
  actor: string;
  /** Shows what is happening now. */
  tell(detail: string): void;
}
