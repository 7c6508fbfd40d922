import { type CheckResult, HavnError, parseAddress, type Timeline } from "@havn/model";
import type { CertificateAuthority } from "../ca/ca.ts";
import type { Enrolment } from "../enrolment/enrolment.ts";
import type { Resolve } from "../hosts/client.ts";
import type { FleetEvents } from "../index.ts";
import { type AgentEvent, BinaryResult } from "../protocol/index.ts";
import type { Runs } from "../runs/runs.ts";
import type { AgentRequests } from "./connections.ts";

/** What other rooms do with what agents send and ask for. */
export interface AgentWork {
  /** Resolves when the batch is on disk; the same `batch` twice counts once. */
  telemetry(
    kind: "samples" | "logs",
    batch: string,
    from: { environment: string; host: string },
    bytes: Uint8Array,
  ): Promise<void>;
  /** Results of checks that run on `host`. All of them come again when it connects. */
  checks?(host: string, results: CheckResult[]): void;
  /** Up to `length` bytes of an artifact from `offset`, and its whole size. Throws a HavnError 404 for an unknown one. */
  artifact(digest: string, offset: number, length: number): Promise<{ size: number; bytes: Uint8Array }>;
  /** Names of the certificate that is declared at `address` on `host`; undefined where none is. May hold references. */
  certificateNames(host: string, address: string): Promise<unknown[] | undefined>;
  /**
   * Acts on what an agent told, which stands on the timeline by then; resolves when that is durable. It throws where it
   * cannot be made so: the agent then tells again, as it does after a crash, so the same event may come twice.
   */
  event(host: string, event: AgentEvent): Promise<void>;
}

/** Other kinds are the control plane's own word, which its rooms act on. */
const mayTell = (environment: string, { kind, address }: AgentEvent): boolean =>
  /^(instance|balancer|drift|enforcement)\./.test(kind) &&
  (address ?? `${environment}/`).startsWith(`${environment}/`);

const chunkBytes = 1024 * 1024;

/** Answers to what the agent of `host` asks. */
export function createRequests(options: {
  host: string;
  timeline: Timeline;
  enrolment: Enrolment;
  ca: CertificateAuthority;
  resolve: Resolve;
  handlers: AgentWork;
  runs: Runs["agents"];
  emit<E extends keyof FleetEvents>(...event: [E, ...FleetEvents[E]]): void;
}): AgentRequests {
  const { host, timeline, enrolment, ca, resolve, handlers, runs, emit } = options;
  const { environment, name } = parseAddress(host);
  return {
    "telemetry.push": async ({ kind, batch, rows }, { bytes }) => {
      await handlers.telemetry(kind, batch, { environment, host: name }, bytes);
      emit("telemetry", host, { kind, rows, bytes: bytes.length });
      return {};
    },
    "events.push": async ({ events }) => {
      const foreign = events.find((event) => !mayTell(environment, event));
      if (foreign)
        throw new HavnError(
          `An agent may not tell of "${foreign.kind}" about ${foreign.address ?? "its host"}`,
          {
            detail: "It tells of instances, balancers, drift and enforcement of its own environment.",
            status: 403,
          },
        );
      for (const event of events) {
        const { key, at, kind, severity, address, summary, data } = event;
        await timeline.write({
          ...{ at, kind, severity, address, summary, data, environment, host },
          actor: `agent:${name}`,
          key: `agent:${host}:${key}`,
        });
        await handlers.event(host, event);
      }
      return {};
    },
    "checks.push": async ({ results }) => {
      handlers.checks?.(host, results);
      return {};
    },
    "artifact.read": async ({ digest, offset }) => {
      const { size, bytes } = await handlers.artifact(digest, offset, chunkBytes);
      return new BinaryResult({ size }, bytes);
    },
    "run.output": async ({ run, stream }, { bytes }) => {
      await runs.output(host, run, stream, bytes);
      return {};
    },
    "run.input": async ({ run, offset }) => {
      const { size, bytes } = await runs.input(host, run, offset);
      return new BinaryResult({ size }, bytes);
    },
    "certificate.issue": async ({ address, request }) => {
      const names = await handlers.certificateNames(host, address);
      if (!names)
        throw new HavnError(`No certificate is declared at ${address} on ${host}`, {
          detail: "The internal authority signs only what is declared. Apply it first.",
          status: 403,
        });
      const resolved = (await resolve(parseAddress(host).environment, names)) as string[];
      return { certificate: await ca.issueService(resolved, request), authority: ca.certificate };
    },
    "certificate.renew": async ({ request }) => ({ certificate: await enrolment.renew(host, request) }),
  };
}
