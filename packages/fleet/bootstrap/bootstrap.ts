import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { type Clock, HavnError } from "@havn/model";
import type { CertificateAuthority } from "../ca/ca.ts";
import type { Enrolment } from "../enrolment/enrolment.ts";
import type { Connections } from "../gateway/connections.ts";
import type { GatewayListener } from "../gateway/server.ts";
import type { Roster } from "../hosts/roster.ts";
import type { HostRow } from "../store.ts";
import { type AgentBundle, buildAgentBundle } from "./bundle.ts";
import { createLocalAgents, type LocalAgents } from "./local.ts";
import { createRemoteBootstrap } from "./remote.ts";
import { openSsh, type Ssh, type SshTarget } from "./ssh.ts";
import { createTunnels } from "./tunnels.ts";

/** Puts agents on hosts and takes them away again, whichever way a host is reached. */
export interface Bootstrap extends AsyncDisposable {
  bundle(): Promise<AgentBundle>;
  /** Resolves when the agent has connected in its present version. Idempotent; a broken run is repeated whole. */
  install(host: HostRow, tell: (detail: string) => void): Promise<void>;
  /** Takes agent and files away. */
  remove(host: HostRow): Promise<void>;
  local: LocalAgents;
  /** After a start: opens the ways back of hosts that have none of their own, and keeps them open. */
  keepTunnels(): Promise<void>;
  /** Line of authorized_keys that lets the control plane in. */
  publicKey(): Promise<string>;
}

const connectTimeoutMs = 60_000;

export function createBootstrap(options: {
  dataDirectory: string;
  /** The agent's main file and the Node that runs it on hosts. */
  agent: { entry: string; nodeBinary: string };
  ca: CertificateAuthority;
  enrolment: Enrolment;
  gateway: GatewayListener;
  connections: Connections;
  roster: Roster;
  clock: Clock;
  log(message: string): void;
}): Bootstrap {
  const { dataDirectory, ca, enrolment, gateway, connections, roster } = options;
  const { nodeBinary } = options.agent;
  const ssh: Ssh = openSsh(join(dataDirectory, "ssh"));
  const tunnels = createTunnels({
    ...{ ssh, clock: options.clock, log: options.log },
    gatewayPort: () => gateway.port ?? 0,
  });
  const remote = createRemoteBootstrap(ssh, nodeBinary);
  const local = createLocalAgents({ directory: join(dataDirectory, "agents"), nodeBinary });
  let building: Promise<AgentBundle> | undefined;
  const bundle = () => {
    building ??= buildAgentBundle(options.agent.entry, join(dataDirectory, "agent")).catch((error) => {
      building = undefined;
      throw error;
    });
    return building;
  };

  /** How the host is reached over SSH; undefined for this computer. */
  function sshTarget(host: HostRow): SshTarget | undefined {
    const { via } = host.properties;
    switch (via.kind) {
      case "this-computer":
        return undefined;
      case "ssh":
        return {
          ...{ address: via.address, port: via.port, user: via.user, identityFile: via.identityFile },
          ...{ hostKey: via.hostKey, jump: via.jump, foreign: true },
        };
      case "machine": {
        const access = roster.machineAccess(host.address);
        if (!access)
          throw new HavnError(`The machine ${via.machine} of ${host.name} does not run yet`, {
            detail: "Apply the machine first.",
            status: 409,
          });
        return { address: access.ip, port: access.sshPort, user: access.sshUser, hostKey: access.hostKey };
      }
    }
  }

  /** Where the host finds the gateway; listens there if need be. */
  async function serversFor(host: HostRow, target: SshTarget | undefined): Promise<string[]> {
    if (target && needsTunnel(host)) return [`https://127.0.0.1:${await openTunnel(host, target)}`];
    await tunnels.close(host.address);
    const address = target
      ? (roster.machineAccess(host.address)?.bridgeAddress ?? (await localAddressTowards(target)))
      : "127.0.0.1";
    const port = await gateway.listen({ port: gateway.port ?? 0, address });
    return [`https://${address.includes(":") ? `[${address}]` : address}:${port}`];
  }

  const openTunnel = (
    { address, environment, name }: HostRow,
    target: SshTarget,
    options?: { atLast: boolean },
  ) => tunnels.open({ host: address, environment, name }, target, options);

  return {
    bundle,
    local,
    async keepTunnels() {
      for (const host of roster.hosts()) {
        const target = host.state !== "new" && needsTunnel(host) ? sshTarget(host) : undefined;
        // A host that is away now is tried again and again.
        if (target) openTunnel(host, target, { atLast: true }).catch(() => {});
      }
    },
    [Symbol.asyncDispose]: tunnels[Symbol.asyncDispose],
    publicKey: ssh.publicKey,
    async install(host, tell) {
      const target = sshTarget(host);
      const [built, servers] = await Promise.all([bundle(), serversFor(host, target)]);
      const token = await enrolment.createToken(host.address);
      const before = connections.find(host.address)?.id;
      const { environment, name, address } = host;
      const config = { host: address, environment, name, servers };
      const share = roster.machineAccess(address)?.share;
      const what = { config, ca: ca.certificate, token, bundle: built, share };
      if (target) await remote.install(target, what, tell);
      else {
        tell("starting the agent on this computer");
        await local.install(what);
      }
      const trusted = target?.foreign && !target.hostKey ? await ssh.fingerprint(target) : undefined;
      if (trusted) tell(`trusting ${name} by the SSH key that it showed first: ${trusted}`);
      tell("waiting for the agent to connect");
      try {
        await connections.waitConnected(address, {
          timeoutMs: connectTimeoutMs,
          accept: (found) => found.id !== before && found.facts?.agentVersion === built.version,
        });
      } catch (cause) {
        const log = target ? await remote.lastLog(target) : await local.lastLog(host);
        throw new HavnError(`The agent of ${name} did not connect within ${connectTimeoutMs / 1000} s`, {
          detail: `Its log ends with:\n${log.trim() || "(nothing)"}\nCan ${name} reach ${servers.join(", ")}?`,
          status: 503,
          retryable: true,
          cause,
        });
      }
    },
    async remove(host) {
      const target = sshTarget(host);
      await tunnels.close(host.address);
      if (target) await remote.remove(target);
      else await local.remove(host);
    },
  };
}

/** This computer's address on the way to a host: connecting a datagram socket sends nothing but picks the route. */
async function localAddressTowards({ address, port }: SshTarget): Promise<string> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  try {
    socket.connect(port, address);
    await once(socket, "connect");
    return socket.address().address;
  } catch (cause) {
    throw new HavnError(`There is no route to ${address}`, {
      detail: "Correct the address of the host in the configuration.",
      status: 502,
      cause,
    });
  } finally {
    socket.close();
  }
}

/** An agent behind a jump host has no way of its own to the control plane, unless it is said to have one. */
function needsTunnel({ properties: { via } }: HostRow): boolean {
  return via.kind === "ssh" && (via.dialBack ?? (via.jump === undefined ? "direct" : "tunnel")) === "tunnel";
}
