import { parseAddress, type Timeline } from "@havn/model";
import type { Enrolment } from "../enrolment/enrolment.ts";
import type { FleetEvents } from "../index.ts";
import { BinaryResult } from "../protocol/index.ts";
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
  /** Up to `length` bytes of an artifact from `offset`, and its whole size. Throws a HavnError 404 for an unknown one. */
  artifact(digest: string, offset: number, length: number): Promise<{ size: number; bytes: Uint8Array }>;
}

const chunkBytes = 1024 * 1024;

/** Answers to what the agent of `host` asks. */
export function createRequests(options: {
  host: string;
  timeline: Timeline;
  enrolment: Enrolment;
  handlers: AgentWork;
  emit<E extends keyof FleetEvents>(...event: [E, ...FleetEvents[E]]): void;
}): AgentRequests {
  const { host, timeline, enrolment, handlers, emit } = options;
  const { environment, name } = parseAddress(host);
  return {
    "telemetry.push": async ({ kind, batch, rows }, { bytes }) => {
      await handlers.telemetry(kind, batch, { environment, host: name }, bytes);
      emit("telemetry", host, { kind, rows, bytes: bytes.length });
      return {};
    },
    "events.push": async ({ events }) => {
      for (const event of events) {
        const { key, at, kind, severity, address, summary, data } = event;
        await timeline.write({
          ...{ at, kind, severity, address, summary, data, environment, host },
          actor: `agent:${name}`,
          key: `agent:${host}:${key}`,
        });
        emit("agentEvent", host, event);
      }
      return {};
    },
    "artifact.read": async ({ digest, offset }) => {
      const { size, bytes } = await handlers.artifact(digest, offset, chunkBytes);
      return new BinaryResult({ size }, bytes);
    },
    "certificate.renew": async ({ request }) => ({ certificate: await enrolment.renew(host, request) }),
  };
}
