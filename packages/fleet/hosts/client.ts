import { parseAddress } from "@havn/model";
import { type Connections, notConnected } from "../gateway/connections.ts";
import type { AgentMethod, AgentParams, AgentResult, HostClient } from "../protocol/index.ts";

/** Replaces references in `value` by what they stand for in `environment`. The only place where secrets are opened. */
export type Resolve = (environment: string, value: unknown) => Promise<unknown>;

const minuteMs = 60_000;
/** Longer than any sound call takes: a package installation over a slow mirror, a large artifact. */
const longCalls: Partial<Record<AgentMethod, number>> = {
  "bundle.apply": 45 * minuteMs,
  "instance.start": 15 * minuteMs,
  "resources.read": 5 * minuteMs,
  "host.leave": 5 * minuteMs,
};
/** An agent that has just closed its connection is back in less. */
const expectedBackMs = 15_000;

export function createHostClient(connections: Connections, resolve: Resolve): HostClient {
  return {
    async call<M extends AgentMethod>(
      host: string,
      method: M,
      params: AgentParams<M>,
      { signal, timeoutMs, onProgress }: Parameters<HostClient["call"]>[3] = {},
    ): Promise<AgentResult<M>> {
      const resolved = (await resolve(parseAddress(host).environment, params)) as AgentParams<M>;
      let connection = connections.find(host);
      if (!connection && connections.isExpected(host))
        connection = await connections.waitConnected(host, { timeoutMs: expectedBackMs, signal });
      if (!connection) throw notConnected(host);
      const own = "timeoutMs" in resolved ? Number(resolved.timeoutMs) + 15_000 : undefined;
      const limit = timeoutMs ?? own ?? longCalls[method] ?? minuteMs;
      const answer = await connection.peer.call(method, resolved, { signal, timeoutMs: limit, onProgress });
      return answer.result as AgentResult<M>;
    },
  };
}
