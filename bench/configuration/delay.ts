import { execFileSync } from "node:child_process";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Machine } from "./lab.ts";

/**
 * A longer way to machines: relays that hold back what each side sends for half of `delayMs`, so that a round trip takes
 * `delayMs` longer, however many bytes it carries. Not every kernel has netem; this works with any, but it adds nothing to
 * TCP's own acknowledgements: windows stay those of a short way.
 */
export interface LongWay extends AsyncDisposable {
  /** Port of this computer that leads to a machine's SSH server. */
  port(machine: Machine): number;
}

/** Peers get ports; agents' connections to `gateway` (bridge address and port) are led through a relay by nftables. */
export async function openLongWay(
  delayMs: number,
  { machines, gateway }: { machines: readonly Machine[]; gateway: { address: string; port: number } },
): Promise<LongWay> {
  const servers: Server[] = [];
  const ports = new Map<string, number>();
  for (const machine of machines) {
    const server = await relay({ host: machine.ip, port: 22 }, delayMs, "127.0.0.1");
    servers.push(server);
    ports.set(machine.name, portOf(server));
  }
  const toGateway = await relay({ host: gateway.address, port: gateway.port }, delayMs, gateway.address);
  servers.push(toGateway);
  const rule = `add table ip havn_bench
flush table ip havn_bench
table ip havn_bench {
  chain way {
    type nat hook prerouting priority dstnat
    ip daddr ${gateway.address} tcp dport ${gateway.port} dnat to ${gateway.address}:${portOf(toGateway)}
  }
}
`;
  execFileSync("nft", ["-f", "-"], { input: rule });
  return {
    port: ({ name }) => ports.get(name) ?? 0,
    async [Symbol.asyncDispose]() {
      execFileSync("nft", ["delete", "table", "ip", "havn_bench"]);
      for (const server of servers) server.close();
    },
  };
}

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
};

async function relay(to: { host: string; port: number }, delayMs: number, listenOn: string): Promise<Server> {
  const server = createServer({ noDelay: true }, (near) => {
    // The handshake of a long way takes a round trip too.
    setTimeout(() => {
      const far = connect({ ...to, noDelay: true });
      hold(near, far, delayMs / 2);
      hold(far, near, delayMs / 2);
    }, delayMs);
    near.on("error", () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, listenOn, resolve));
  return server;
}

function hold(from: Socket, to: Socket, delayMs: number): void {
  from.on("data", (bytes) => setTimeout(() => to.writable && to.write(bytes), delayMs));
  from.on("end", () => setTimeout(() => to.end(), delayMs));
  from.on("close", () => setTimeout(() => to.destroy(), delayMs + 50));
  from.on("error", () => from.destroy());
}
