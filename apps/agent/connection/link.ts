import {
  type AgentConfig,
  agentMethods,
  type CallOptions,
  createPeer,
  type Handlers,
  type HostReport,
  maximumFrameBytes,
  type Peer,
  type ServerMethod,
  type ServerParams,
  type ServerResult,
  serverMethods,
} from "@havn/fleet/protocol";
import { type Clock, type Facts, HavnError } from "@havn/model";
import { WebSocket } from "ws";
import { readConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { ensureIdentity, type Identity, isDueForRenewal, renew } from "./identity.ts";
import { reachAny } from "./reach.ts";

/** The one connection to the control plane, kept up as long as the agent runs. */
export interface Link extends AsyncDisposable {
  /** Throws a retryable HavnError while there is no connection. */
  call<M extends ServerMethod>(
    method: M,
    params: ServerParams<M>,
    options?: CallOptions,
  ): Promise<{ result: ServerResult<M>; bytes: Uint8Array }>;
  isConnected(): boolean;
  /** Resolves once a server has answered over a new connection; tries until `signal` aborts, then throws. */
  reach(signal: AbortSignal): Promise<void>;
}

const firstPauseMs = 200;
const longestPauseMs = 10_000;
/** The control plane answers reports, and asks after two seconds without a word. */
const silenceMs = 8000;
const renewalCheckMs = 6 * 3_600_000;

export function openLink(options: {
  dataDirectory: string;
  clock: Clock;
  log: Log;
  handlers: Handlers<typeof agentMethods>;
  hello(): Promise<{ facts: Facts; report: HostReport }>;
  /** After hello was answered. */
  connected(answer: ServerResult<"hello">): void;
}): Link {
  const { dataDirectory, clock, log } = options;
  const stopping = new AbortController();
  let peer: Peer<typeof serverMethods> | undefined;
  let pause = firstPauseMs;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const config = await readConfig(dataDirectory);
        const identity = await ensureIdentity(dataDirectory, config, log);
        await tryServers(config, identity);
      } catch (error) {
        log.warn(error instanceof HavnError ? `${error.message}. ${error.detail}` : `${error}`);
      }
      // Jitter: a restarted control plane must not meet all its agents in the same moment.
      await clock.sleep(pause * (0.5 + Math.random()), stopping.signal);
      pause = Math.min(pause * 2, longestPauseMs);
    }
  }

  async function tryServers(config: AgentConfig, identity: Identity): Promise<void> {
    for (const server of config.servers) {
      if (stopping.signal.aborted) return;
      const failure = await session(server, config, identity);
      if (failure === undefined) return;
      log.warn(`${server}: ${failure}`);
    }
  }

  /** Resolves when the connection is over: with why it never stood, or undefined if it did. */
  function session(server: string, config: AgentConfig, identity: Identity): Promise<string | undefined> {
    const { pem, ca } = identity;
    const socket = new WebSocket(`${server.replace(/^http/, "ws")}/agent/v1`, {
      ...{ ca, cert: pem, key: pem },
      handshakeTimeout: 10_000,
      maxPayload: maximumFrameBytes,
      perMessageDeflate: false,
      // Masks guard against proxies that take a browser's bytes for requests: nobody reads inside this TLS. Masking byte
      // by byte takes an agent, which runs unoptimised code, a second for every few megabytes.
      generateMask: (mask) => void mask.fill(0),
    });
    return new Promise((resolve) => {
      let failure: string | undefined = "closed before it was open";
      let lastHeard = clock.now();
      const heard = () => {
        lastHeard = clock.now();
      };
      const watch = setInterval(() => {
        if (clock.now() - lastHeard > silenceMs) socket.terminate();
      }, 2000);
      const stop = () => socket.close(1000, "the agent stops");
      stopping.signal.addEventListener("abort", stop, { once: true });
      let renewing: NodeJS.Timeout | undefined;
      let own: Peer<typeof serverMethods> | undefined;

      socket.on("message", heard);
      socket.on("ping", heard);
      socket.on("unexpected-response", (_, response) => {
        response.setEncoding("utf8").once("data", (text: string) => {
          failure = `refused with status ${response.statusCode}: ${text}`;
        });
        response.once("close", () => socket.terminate());
      });
      socket.on("error", (error) => {
        if (failure !== undefined && !failure.startsWith("refused")) failure = error.message;
      });
      socket.on("open", () => {
        heard();
        own = createPeer({
          socket,
          name: "the control plane",
          incoming: agentMethods,
          outgoing: serverMethods,
          handlers: options.handlers,
        });
        void introduce(own);
      });
      socket.on("close", (code, reason) => {
        clearInterval(watch);
        clearInterval(renewing);
        stopping.signal.removeEventListener("abort", stop);
        if (peer === own) peer = undefined;
        if (failure === undefined && !stopping.signal.aborted)
          log.info(`the connection closed (${code} ${reason.toString("utf8")})`);
        resolve(failure);
      });

      async function introduce(fresh: Peer<typeof serverMethods>) {
        try {
          const { result } = await fresh.call("hello", await options.hello(), { timeoutMs: 10_000 });
          failure = undefined;
          pause = firstPauseMs;
          peer = fresh;
          log.info(`connected to ${server}`);
          options.connected(result);
          const check = () => void renewIfDue(fresh);
          renewing = setInterval(check, renewalCheckMs);
          check();
        } catch (error) {
          failure = error instanceof HavnError ? `${error.message} ${error.detail}` : String(error);
          fresh.close("hello failed");
        }
      }

      async function renewIfDue(fresh: Peer<typeof serverMethods>) {
        if (!isDueForRenewal(identity, clock.now())) return;
        try {
          await renew(dataDirectory, config, async (request) => {
            const { result } = await fresh.call("certificate.renew", { request });
            return result.certificate;
          });
          log.info("the certificate was renewed");
          // Used from the next connection on, which begins now.
          socket.close(1000, "certificate renewed");
        } catch (error) {
          log.warn(`the certificate was not renewed: ${error}`);
        }
      }
    });
  }

  const running = run();
  return {
    isConnected: () => peer !== undefined,
    async reach(signal) {
      const config = await readConfig(dataDirectory);
      const identity = await ensureIdentity(dataDirectory, config, log);
      await reachAny(config.servers, identity, { clock, signal });
    },
    call(method, params, callOptions) {
      if (!peer)
        return Promise.reject(new HavnError("The control plane is away", { retryable: true, status: 503 }));
      return peer.call(method, params, callOptions);
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
