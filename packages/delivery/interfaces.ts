import type { HostClient, HostReport, InstanceSpec } from "@havn/fleet/protocol";
import type {
  Action,
  Address,
  Apply,
  Clock,
  Expectations,
  PlannedChange,
  PropertyChange,
  Resource,
  Timeline,
} from "@havn/model";
import type { Sql } from "@havn/postgres";

/** What delivery needs of the rest of the control plane; apps/server hands it over. */
export interface DeliveryOptions {
  sql: Sql;
  clock: Clock;
  timeline: Timeline;
  hosts: HostClient;
  desired: {
    /** Durable; the agent gets it now or when it connects. References in `value` are resolved on the way. */
    put(host: Address, section: "instances" | "balancers", value: unknown): Promise<unknown>;
  };
  /** Folder for artifacts; made if it is missing. */
  artifactsDirectory: string;
  /** sha256 of every file that what is declared may still need. */
  filesInUse(): Promise<string[]>;
  /** IP address at which the balancer and people reach this host; undefined while it is not known. */
  hostAddress(host: Address): string | undefined;
  /** What keeps instances running there. */
  runtimeOf(host: Address): InstanceSpec["runtime"];
  /** The host as its agent sees it now; undefined while it is not connected. */
  report(host: Address): HostReport | undefined;
  /** What rollouts will make alerts of: those are held until they end. */
  expectations?: Expectations;
  /**
   * Plans and applies `resource` alone, the rest of its environment as recorded; resolves when the apply is durable.
   * Infrastructure provides it, so that what it records as applied is what now runs.
   */
  startApply(request: { kind: "rollback" | "deploy"; resource: Resource; actor: string }): Promise<Apply>;
}

/** A step of a durable apply (`Run` of the workflows). */
export interface Steps {
  step<T>(name: string, work: () => Promise<T>, options?: { retries?: number }): Promise<T>;
}

export interface ApplyContext {
  applyId: string;
  actor: string;
  /** Shows what is happening now. */
  tell(detail: string): void;
}

export interface ResourcePlan {
  action: Action;
  changes: PropertyChange[];
  reason?: string;
}

/** As infrastructure's executors are; see there for the contract of each method. */
export interface ResourceExecutor {
  types: readonly string[];
  plan(desired: Resource | undefined, prior: Resource | undefined): Promise<ResourcePlan>;
  apply(run: Steps, change: PlannedChange, desired: Resource, context: ApplyContext): Promise<void>;
  remove(run: Steps, prior: Resource, context: ApplyContext): Promise<void>;
}
