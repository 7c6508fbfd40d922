import { type BatchSize, rolloutSchema } from "@havn/model";
import { addRollout, complain, type Dependency, isHandle, listOf, nameOf } from "./environment.ts";
import type { HostHandle } from "./hosts.ts";

export interface GateOptions {
  /**
   * PromQL over the environment's own series: it must give at least one sample, and none of them 0.
   * @example expr: "sum(rate(http_requests_errors_total[1m])) < 1"
   */
  expr?: string;
  /**
   * A check that must find nothing wrong.
   * @example check: front
   */
  check?: Dependency;
  /**
   * True: no alert about the batch's hosts may fire. Default: they are not asked.
   * @example noAlerts: true
   */
  noAlerts?: true;
  /**
   * For how long it must be so without a break. Default: "0s".
   * @example holds: "30s"
   */
  holds?: string;
  /**
   * After it the rollout stops. Default: "5m".
   * @example timeout: "10m"
   */
  timeout?: string;
}

export interface RolloutOptions {
  /**
   * Whose hosts they are. Default: all that no other rollout names.
   * @example hosts: web
   */
  hosts?: readonly (HostHandle | string)[];
  /**
   * How many hosts at a time, as a number or as a part of those that change (rounded down, at least one). A list gives
   * the sizes of the batches in turn, the last one for all that follow.
   * @example serial: [1, "25%"]
   */
  serial: BatchSize | readonly BatchSize[];
  /**
   * How many hosts may fail; one more, and the batches after it are not begun. Default: 0, unless a percentage is given.
   * @example maxFailures: 2
   */
  maxFailures?: number;
  /**
   * The same as a part of the rollout's hosts that change; it must be exceeded, not reached.
   * @example maxFailurePercentage: 10
   */
  maxFailurePercentage?: number;
  /**
   * What must be so after each batch before the next one begins; all that is named. Default: nothing.
   * @example gate: { noAlerts: true, holds: "30s" }
   */
  gate?: GateOptions;
}

/**
 * Hosts change in batches, one batch after the other, rather than all at the same time. Of several rollouts the batches
 * go side by side: the first ones of all, then the second ones.
 *
 * @example rollout({ hosts: web, serial: [1, "25%"], maxFailurePercentage: 10, gate: { noAlerts: true } });
 */
export function rollout({ hosts, serial, gate, ...budget }: RolloutOptions): void {
  const check = gate && isHandle(gate.check) ? gate.check.resource : gate?.check;
  const parsed = rolloutSchema.safeParse({
    ...budget,
    ...(hosts !== undefined && { hosts: hosts.map(nameOf) }),
    serial: listOf(serial),
    ...(gate && { gate: { ...gate, ...(check !== undefined && { check }) } }),
  });
  if (parsed.success) addRollout(parsed.data);
  else
    for (const { path, message } of parsed.error.issues)
      complain(`Property "${path.join(".")}" of the rollout is not valid`, `${message}. Correct the value.`);
}
