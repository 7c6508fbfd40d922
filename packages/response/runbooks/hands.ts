import type { CommandOutcome } from "@havn/model";

/** With what runbooks act. Whatever is asked twice under the same `once` happens once; it tells what came of it. */
export interface Hands {
  /** Names of the hosts that an expression chooses. Throws a HavnError where there are none. */
  chooseHosts(environment: string, expression: string): Promise<string[]>;
  run(request: {
    environment: string;
    hosts: readonly string[];
    command: readonly string[];
    shell: boolean;
    user?: string | undefined;
    timeoutMs: number;
    actor: string;
    /** 32 hexadecimal digits. */
    once: string;
  }): Promise<CommandOutcome>;
  query(environment: string, expr: string): Promise<{ labels: Record<string, string>; value: number }[]>;
  /** Names of the hosts that a service runs on, in order. Throws a HavnError for an unknown one. */
  hostsOf(environment: string, service: string): Promise<string[]>;
  /** Restarts the service's instances there, one after the other; those that began after `since` are left. */
  restart(request: {
    environment: string;
    service: string;
    hosts: readonly string[];
    /** Milliseconds since the epoch. */
    since: number;
  }): Promise<void>;
  /** Resolves when the apply has ended well. `actor` is the run's own, and so tells whether it was begun. */
  rollback(request: { environment: string; service: string; actor: string }): Promise<void>;
  scale(request: {
    environment: string;
    service: string;
    hosts: readonly string[];
    actor: string;
  }): Promise<void>;
}
