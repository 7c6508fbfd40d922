import { createSocket } from "node:dgram";
import { once } from "node:events";
import { join } from "node:path";
import { HavnError } from "@havn/model";
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

/** Puts agents on hosts and takes them away again, whichever way a host is reached. */
export interface Bootstrap {
  bundle(): Promise<AgentBundle>;
  /** Resolves when the agent has connected in its present version. Idempotent; a broken run is repeated whole. */
  install(host: HostRow, tell: (detail: string) => void): Promise<void>;
  /** Takes agent and files away. */
  remove(host: HostRow): Promise<void>;
  local: LocalAgents;
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
}): Bootstrap {
  const { dataDirectory, ca, enrolment, gateway, connections, roster } = options;
  const { nodeBinary } = options.agent;
  const ssh: Ssh = openSsh(join(dataDirectory, "ssh"));
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
        return { address: via.address, port: via.port, user: via.user, identityFile: via.identityFile };
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
    const address = target
      ? (roster.machineAccess(host.address)?.bridgeAddress ?? (await localAddressTowards(target)))
      : "127.0.0.1";
    const port = await gateway.listen({ port: gateway.port ?? 0, address });
    return [`https://${address.includes(":") ? `[${address}]` : address}:${port}`];
  }

  return {
    bundle,
    local,
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
