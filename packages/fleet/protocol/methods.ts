import {
  actionSchema,
  certaintySchema,
  checkResult,
  factSourceSchema,
  factsSchema,
  gatheredFactSchema,
  healthSchema,
  inventoryKind,
  inventorySchema,
  propertyChangeSchema,
  resourceSchema,
} from "@havn/model";
import { z } from "zod";
import { balancerSpec, hostDesired, instanceSpec } from "./desired.ts";
import { commandResult, commandSpec, copyFromSpec, copyResult, copyToSpec, runStream } from "./runs.ts";

/** One resource as it is on the host now, compared with what is wanted. */
export const resourceReading = z.object({
  address: z.string(),
  action: actionSchema,
  changes: z.array(propertyChangeSchema).describe("secrets already masked"),
  error: z.string().optional(),
  certainty: certaintySchema.optional(),
  skipped: z.string().optional().describe("why its condition leaves it as it is"),
  since: z.number().optional().describe("of drift: when it was seen first"),
  evidence: z
    .array(z.string())
    .optional()
    .describe("of drift: what the host's own records tell of who may have done it; never a proof"),
  reason: z.string().optional().describe("why it is no surer"),
  everyTime: z
    .boolean()
    .optional()
    .describe("it is done with every apply, not because something is not as declared"),
});
export type ResourceReading = z.infer<typeof resourceReading>;

export const resourceReport = z.object({
  address: z.string(),
  state: z.enum(["unchanged", "changed", "failed", "skipped"]),
  changes: z.array(propertyChangeSchema),
  commands: z.array(z.array(z.string())).describe("what was run, secrets masked"),
  error: z.string().optional(),
  output: z.string().optional().describe("what its commands wrote, the last 8 kB, secrets masked"),
  skipped: z.string().optional().describe("why it was left as it is; `state` is then unchanged"),
  created: z.boolean().optional().describe("`changed`, and it was not there before"),
  durationMs: z.number(),
});
export type ResourceReport = z.infer<typeof resourceReport>;

/** What taking back an apply's changes to one resource would do. */
export const undoReading = z.object({
  address: z.string(),
  recorded: z.boolean().describe("false: the host knows nothing of such a change"),
  changes: z.array(propertyChangeSchema).describe("from what is now to what was before; secrets masked"),
  conflicts: z.array(z.string()).describe("what has been changed since, by whomever"),
  remains: z.array(z.string()).describe("what cannot be taken back, and why"),
});
export type UndoReading = z.infer<typeof undoReading>;

export const instanceReport = z.object({
  id: z.string(),
  service: z.string(),
  release: z.string(),
  port: z.number().int(),
  health: healthSchema,
  pid: z.number().int().optional(),
  since: z.number(),
  restarts: z.number().int(),
  detail: z.string().optional(),
});
export type InstanceReport = z.infer<typeof instanceReport>;

export const slotReport = z.object({
  slot: z.string(),
  instance: z.string().optional(),
  state: z.string().describe("as HAProxy says: UP, DOWN, MAINT, DRAIN, no check"),
  sessions: z.number().int(),
});

/** The state of a host as its agent sees it now; sent on every change and with every heartbeat (5 s). */
export const hostReport = z.object({
  at: z.number(),
  revision: z.number().int(),
  instances: z.array(instanceReport),
  balancers: z.array(
    z.object({ name: z.string(), slots: z.array(slotReport), error: z.string().optional() }),
  ),
  /** Resources that differ from what is wanted, with what differs. */
  drift: z.array(resourceReading),
  driftCheckedAt: z.number().optional(),
  /** Resources that something else keeps changing back, until it is quiet. */
  fights: z
    .array(z.object({ address: z.string(), since: z.number(), mended: z.number().int() }))
    .max(1000)
    .default([]),
});
export type HostReport = z.infer<typeof hostReport>;

/** A thing that happened on the host and must reach the timeline exactly once: `key` is unique per agent. */
export const agentEvent = z.object({
  key: z.string(),
  at: z.number(),
  kind: z.string(),
  severity: z.enum(["info", "warning", "error"]),
  address: z.string().optional(),
  summary: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type AgentEvent = z.infer<typeof agentEvent>;

const none = z.object({});
const secretValues = z
  .array(z.string())
  .optional()
  .describe("texts that must stand in no answer, wherever on the host they came from");

/** Addresses in the order in which they are taken; without it all that is declared, then what is removed. */
const order = z.array(z.string()).optional();

/** What the control plane asks of an agent. All of it may be asked twice: each method is idempotent. */
export const agentMethods = {
  "facts.read": { params: none, result: factsSchema },
  /** Facts by name, each gathered if what is known is too old; `defined` says how those of configurations are found out. */
  "facts.gather": {
    params: z.object({ names: z.array(z.string()), defined: z.record(z.string(), factSourceSchema) }),
    result: z.object({ facts: z.array(gatheredFactSchema) }),
  },
  /** Runs checks now, whatever their rhythm; resolves with what they found. Those that are not its own are left out. */
  "checks.run": {
    params: z.object({ addresses: z.array(z.string()).max(1000) }),
    result: z.object({ results: z.array(checkResult) }),
  },
  /** What is on the host beside what its distribution put there; changes nothing. Holds secrets in clear. */
  "host.inventory": {
    params: z.object({
      only: z.array(inventoryKind).optional(),
      namesOnly: z.boolean().default(false).describe("without what is in files and what passwords are"),
    }),
    result: inventorySchema,
  },
  /** Compares resources with the host, as a bundle would leave it that also removes `remove`; changes nothing. */
  "resources.read": {
    params: z.object({
      resources: z.array(resourceSchema),
      remove: z.array(resourceSchema).optional(),
      order,
      secrets: hostDesired.shape.secrets,
      secretValues,
    }),
    result: z.object({ readings: z.array(resourceReading) }),
  },
  /**
   * Applies resources in order; what depends on one that failed is skipped, the rest goes on. `onProgress` hears of each
   * (`bundleProgress`). The same `bundleId` again goes on where it was, or gives what it gave.
   */
  "bundle.apply": {
    params: z.object({
      bundleId: z.string(),
      resources: z.array(resourceSchema),
      /** Prior resources of addresses that are no longer declared, to be removed, in order. */
      remove: z.array(resourceSchema),
      /** What applies did to those of `remove` that they changed: of use to a host that has lost its memory. */
      touched: z.record(z.string(), z.enum(["created", "changed"])).optional(),
      order,
      secrets: hostDesired.shape.secrets,
      secretValues,
    }),
    result: z.object({ reports: z.array(resourceReport) }),
  },
  /** What taking back what an apply did would do; changes nothing. */
  "undo.read": {
    params: z.object({ applyId: z.string(), addresses: z.array(z.string()), secretValues }),
    result: z.object({ readings: z.array(undoReading) }),
  },
  /** Takes back what the apply `applyId` did to these resources. As `bundle.apply` in all else. */
  "undo.apply": {
    params: z.object({
      bundleId: z.string(),
      applyId: z.string(),
      addresses: z.array(z.string()),
      secretValues,
    }),
    result: z.object({ reports: z.array(resourceReport) }),
  },
  /** Stores what the host shall be, for enforcement, drift and supervision. Starts and stops nothing by itself. */
  "desired.put": { params: hostDesired, result: z.object({ revision: z.number().int() }) },
  /** Fetches the release if needed and starts it; returns once the process runs (not: is healthy). */
  "instance.start": { params: instanceSpec, result: instanceReport },
  /** Resolves when the health check passes; fails when it has not within `timeoutMs`, with the last lines of its log. */
  "instance.waitHealthy": {
    params: z.object({ id: z.string(), timeoutMs: z.number() }),
    result: instanceReport,
  },
  /** SIGTERM, then SIGKILL after its grace; removes it from what is kept running. */
  "instance.stop": { params: z.object({ id: z.string() }), result: none },
  /** Makes HAProxy be as `balancerSpec` says: configuration written, running state set through its socket, no reload
   *  unless frontends changed. A slot's address changes only while it is in maintenance. */
  "balancer.apply": { params: balancerSpec, result: z.object({ slots: z.array(slotReport) }) },
  /** Resolves when HAProxy calls the slot UP. */
  "balancer.waitUp": {
    params: z.object({ balancer: z.string(), slot: z.string(), timeoutMs: z.number() }),
    result: none,
  },
  /** Drains the slot, resolves when no session is left or `timeoutMs` has passed, then sets it to maintenance. */
  "balancer.drain": {
    params: z.object({ balancer: z.string(), slot: z.string(), timeoutMs: z.number() }),
    result: z.object({ sessionsLeft: z.number().int() }),
  },
  "balancer.remove": { params: z.object({ name: z.string() }), result: none },
  /** Stops and removes everything that Havn put on this host (instances, balancers, agent state), before the agent
   *  itself is removed. Resources are removed by `bundle.apply` before. */
  "host.leave": { params: none, result: none },
  /** Stops the instances that would outlive the agent (runtime "process"), and forgets nothing: the agent starts them
   *  again when it starts. Asked before an agent is stopped on purpose. */
  "host.rest": { params: none, result: none },
  /**
   * Runs a command and tells what it writes by `run.output`. Cancelling the call, or the fall of the connection, stops
   * it: SIGTERM to its process group, SIGKILL 5 s later. Not idempotent: the same `run` again is refused.
   */
  "command.run": { params: commandSpec, result: commandResult },
  /** Writes files; each is there whole under its name, or as it was. `onProgress` is given bytes so far. */
  "copy.to": { params: copyToSpec, result: copyResult },
  "copy.from": { params: copyFromSpec, result: copyResult },
} as const;

/** What an agent tells or asks the control plane. */
export const serverMethods = {
  hello: {
    params: z.object({ facts: factsSchema, report: hostReport }),
    result: z.object({ heartbeatMs: z.number(), revision: z.number().int() }),
  },
  report: { params: hostReport, result: none },
  /** Binary request. Answered only once the batch is on disk; `batch` makes a resent one count once. */
  "telemetry.push": {
    params: z.object({ kind: z.enum(["samples", "logs"]), batch: z.string(), rows: z.number().int() }),
    result: none,
  },
  /** Results of checks that tell something new; all of them after each hello. */
  "checks.push": { params: z.object({ results: z.array(checkResult).max(1000) }), result: none },
  /** Answered only once all are committed. */
  "events.push": { params: z.object({ events: z.array(agentEvent) }), result: none },
  /** Answered by a binary response: up to 1 MiB of the artifact from `offset`. */
  "artifact.read": {
    params: z.object({ digest: z.string(), offset: z.number().int() }),
    result: z.object({ size: z.number().int() }),
  },
  /** Binary request: what a run writes, in order. Answered once it was taken, so that nobody has to hold it all. */
  "run.output": { params: z.object({ run: z.string(), stream: runStream }), result: none },
  /** Answered by a binary response: up to 1 MiB of the run's input from `offset`. */
  "run.input": {
    params: z.object({ run: z.string(), offset: z.number().int().min(0) }),
    result: z.object({ size: z.number().int() }),
  },
  /** A certificate of the internal authority for the names that are declared at `address`, a resource of this host's. */
  "certificate.issue": {
    params: z.object({ address: z.string(), request: z.string() }),
    result: z.object({ certificate: z.string(), authority: z.string() }),
  },
  /** A new client certificate over the connection that the present one made; both are PEM. */
  "certificate.renew": {
    params: z.object({ request: z.string() }),
    result: z.object({ certificate: z.string() }),
  },
} as const;

/** Body of `POST /agent/enrol` and of its answer; `request` (PKCS #10) and `certificate` are PEM. */
export const enrolmentRequest = z.strictObject({
  host: z.string().max(200),
  token: z.string().max(200),
  request: z.string().max(8000),
});
export const enrolmentAnswer = z.object({ certificate: z.string() });

/** What `onProgress` is given during `bundle.apply`. */
export const bundleProgress = z.union([
  z.object({ bundleId: z.string(), address: z.string(), state: z.string() }),
  z.object({
    bundleId: z.string(),
    waitsFor: z
      .string()
      .nullable()
      .describe("what its host is still at work on, a bundle by its id; null once its turn has come"),
  }),
]);

export type AgentMethod = keyof typeof agentMethods;
export type ServerMethod = keyof typeof serverMethods;
export type AgentParams<M extends AgentMethod> = z.input<(typeof agentMethods)[M]["params"]>;
export type AgentResult<M extends AgentMethod> = z.output<(typeof agentMethods)[M]["result"]>;
export type ServerParams<M extends ServerMethod> = z.input<(typeof serverMethods)[M]["params"]>;
export type ServerResult<M extends ServerMethod> = z.output<(typeof serverMethods)[M]["result"]>;

/** How the control plane's rooms reach a host; fleet provides it. Each room declares the part that it needs. */
export interface HostClient {
  /** Throws a HavnError (retryable when the host is not connected or the connection fell). */
  call<M extends AgentMethod>(
    host: string,
    method: M,
    params: AgentParams<M>,
    options?: { signal?: AbortSignal; timeoutMs?: number; onProgress?: (progress: unknown) => void },
  ): Promise<AgentResult<M>>;
}
