import { z } from "zod";

/**
 * One entry of the timeline. `kind` is dotted, noun first: apply.started, apply.waiting, apply.finished, rollout.started,
 * rollout.instance, rollout.finished, release.created, instance.exited, instance.started, instance.healthy,
 * instance.unhealthy, host.connected, host.lost, machine.started, machine.stopped, drift.found, drift.gone, drift.mended,
 * drift.failed, drift.fight, enforcement.finished, maintenance.started, maintenance.ended,
 * alert.firing, alert.resolved, check.failed, check.recovered, signin.created, token.created, dashboard.edited,
 * dashboard.imported, dashboard.restored, dashboard.discarded, dashboard.removed, dashboard.conflict.
 */
export const eventSchema = z.object({
  id: z.number().int().describe("ascending; later events have higher ids"),
  at: z.number().describe("milliseconds since the epoch"),
  environment: z.string().optional(),
  address: z.string().optional().describe("the resource it is about"),
  host: z.string().optional(),
  kind: z.string(),
  severity: z.enum(["info", "warning", "error"]),
  summary: z.string().describe("one English sentence for people"),
  data: z.record(z.string(), z.unknown()),
  actor: z.string().describe("who or what did it: user:admin, agent:web-1, havn"),
});
export type Event = z.infer<typeof eventSchema>;

/** What a domain writes. With `key`, a second write of the same key changes nothing: retried steps stay single. */
export interface NewEvent {
  kind: string;
  summary: string;
  at?: number;
  environment?: string | undefined;
  address?: string | undefined;
  host?: string | undefined;
  severity?: Event["severity"];
  data?: Record<string, unknown>;
  actor?: string;
  key?: string;
}

/** How a domain writes to the timeline. Resolves when the entry is durable. */
export interface Timeline {
  write(event: NewEvent): Promise<void>;
}
