/** A host, by its handle or name. */
type HostNamed = string | { readonly type: "host"; readonly name: string };
/** Hosts, or chosen as `havn run` chooses them: `"web-*"`, `"role=db"`. */
export type StepHosts = HostNamed | readonly HostNamed[];
type ServiceNamed = string | { readonly type: "service"; readonly name: string };
/** Who is asked: whoever answers first counts. */
interface Asked {
  readonly type: "contact" | "team" | "schedule";
  readonly name: string;
}

export interface CommandOutcome {
  /** It ended with 0 on every host. */
  ok: boolean;
  hosts: { host: string; state: string; code: number | null; stdout: string; stderr: string }[];
  /** Of the first host. */
  code: number | null;
  stdout: string;
  stderr: string;
}

interface NamedStep {
  /** What it is called on the timeline; what it does, where left out. */
  name?: string;
}

/**
 * What a runbook does. Each step is recorded with what came of it: a control plane that is killed goes on after the last
 * one that ended, and nothing is done twice. So everything that reaches outside is a step; what stands between them may
 * only compute. A step that fails throws: catch it to go another way.
 */
export interface Steps {
  /**
   * Runs a command on hosts: words as they are, or a text for /bin/sh. Throws unless it ends with 0 everywhere; with
   * `mayFail` what came of it is returned. `timeout` 10m unless told.
   */
  run(
    command: readonly string[] | string,
    options: NamedStep & { on: StepHosts; user?: string; timeout?: string; mayFail?: boolean },
  ): Promise<CommandOutcome>;
  /** Asks PromQL, over the environment's own series. */
  query(expr: string, options?: NamedStep): Promise<{ labels: Record<string, string>; value: number }[]>;
  /** Asks a person, and waits. Throws when nobody has answered in time (1h unless told). */
  ask(
    question: string,
    options?: NamedStep & { choices?: readonly string[]; of?: Asked | readonly Asked[]; timeout?: string },
  ): Promise<string>;
  /** Waits until a person agrees. Ends the run when they refuse, or when nobody has answered in time (1h unless told). */
  approve(
    what: string,
    options?: NamedStep & { of?: Asked | readonly Asked[]; timeout?: string },
  ): Promise<{ by: string }>;
  wait(duration: string, options?: NamedStep): Promise<void>;
  /** Restarts a service's instances one after the other, each healthy before the next; or a systemd unit on hosts. */
  restart(
    what: ServiceNamed | { unit: string; on: StepHosts },
    options?: NamedStep & { on?: StepHosts },
  ): Promise<void>;
  /** Brings the release before back, and waits until it serves. */
  rollback(service: ServiceNamed, options?: NamedStep): Promise<void>;
  /** Runs a service on so many hosts: those it has first, then others of `among`, in their order. */
  scale(
    service: ServiceNamed,
    options: NamedStep & { to: number; among: readonly HostNamed[] },
  ): Promise<{ hosts: string[] }>;
  /** Puts a sentence on the timeline. */
  note(text: string): Promise<void>;
}

/** What started a run of a runbook. */
export interface Trigger<Input> {
  /** What the declaration gives under `with`; handles as `{ type, name, resource }`. */
  with: Input;
  /** Undefined where a person or the clock started it. */
  alert: { labels: Record<string, string>; summary: string; state: string } | undefined;
  /** `user:ada`, `alert:disk full` or `schedule`. */
  startedBy: string;
  dryRun: boolean;
}
