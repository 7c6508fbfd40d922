import { type Clock, HavnError } from "@havn/model";
import type { AgentConfig } from "../protocol/index.ts";
import type { Ssh, SshTarget } from "./ssh.ts";
import { remotePaths } from "./unit.ts";

/**
 * Ways back for agents that cannot reach the control plane: an SSH connection to each such host, kept open from here, on
 * which a port of the host's own loopback leads to the gateway. The port is another one with each connection: the host's
 * old one may still be held by the connection that fell. The agent reads its address anew whenever it dials.
 */
export interface Tunnels extends AsyncDisposable {
  /**
   * Resolves with the port on the host once the way stands; from then on it is kept up. Throws where it cannot be opened;
   * one that stood before, or is to be opened `atLast`, is tried again and again nonetheless.
   */
  open(
    host: Omit<AgentConfig, "servers">,
    target: SshTarget,
    options?: { atLast?: boolean },
  ): Promise<number>;
  close(host: string): Promise<void>;
}

interface Tunnel {
  target: string;
  state: "opening" | "open" | "fallen";
  /** Of the first attempt; of the latest connection after it. */
  port: Promise<number>;
  stop: AbortController;
  ended: Promise<void>;
}

const shortestPauseMs = 1000;
const longestPauseMs = 30_000;
/** What fell sooner is likely to fall again. */
const steadyMs = 60_000;
const openMs = 30_000;
const longestLine = 1000;

export function createTunnels(options: {
  ssh: Ssh;
  clock: Clock;
  gatewayPort(): number;
  log(message: string): void;
}): Tunnels {
  const { ssh, clock } = options;
  const tunnels = new Map<string, Tunnel>();

  /** One connection: gives its port, and when it ended. */
  async function connect(host: Omit<AgentConfig, "servers">, target: SshTarget, signal: AbortSignal) {
    // A connection that the user's SSH configuration shares would hold the port beyond this one's end.
    const forward = ["-o", "LogLevel=INFO", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none"];
    const way = ["-R", `127.0.0.1:0:127.0.0.1:${options.gatewayPort()}`];
    const shell = target.user === "root" ? "sh -s" : "sudo -n sh -s";
    const child = await ssh.start(target, [...forward, ...way], shell, signal);
    const ended = new Promise<void>((resolve) => {
      child.once("close", () => resolve());
      child.once("error", () => resolve());
    });
    child.stdin.on("error", () => {});
    child.stdout.resume();
    const told: string[] = [];
    const port = await new Promise<number>((resolve, reject) => {
      const fail = () =>
        reject(
          new HavnError(`No way back from ${target.address} could be opened over SSH`, {
            detail: `${told.slice(-4).join("\n")}\nDoes its SSH server allow forwarding (AllowTcpForwarding)?`,
            status: 502,
            retryable: true,
          }),
        );
      const timer = setTimeout(() => {
        child.kill();
        fail();
      }, openMs);
      void ended.then(() => {
        clearTimeout(timer);
        fail();
      });
      // What the host writes comes this way too: a line without an end must not fill the memory.
      let rest = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = (lines.pop() ?? "").slice(-longestLine);
        for (const line of lines) {
          if (told.length < 50) told.push(line.slice(0, longestLine));
          const allocated = /^Allocated port (\d+) for remote forward/.exec(line)?.[1];
          if (allocated === undefined) continue;
          clearTimeout(timer);
          resolve(Number(allocated));
        }
      });
    });
    child.stdin.write(moveAgent({ ...host, servers: [`https://127.0.0.1:${port}`] }));
    return { port, ended };
  }

  /** Opens the way after `before`, and again whenever it has fallen, until it is stopped. */
  async function keep(
    host: Omit<AgentConfig, "servers">,
    target: SshTarget,
    tunnel: Tunnel,
    how: { atLast: boolean; opened: (port: number) => void; failed: (error: unknown) => void },
  ): Promise<void> {
    const { signal } = tunnel.stop;
    let pause = shortestPauseMs;
    let kept = how.atLast;
    while (!signal.aborted) {
      try {
        const { port, ended } = await connect(host, target, signal);
        const since = clock.now();
        how.opened(port);
        Object.assign(tunnel, { state: "open", port: Promise.resolve(port) });
        kept = true;
        await ended;
        pause = clock.now() - since > steadyMs ? shortestPauseMs : Math.min(pause * 2, longestPauseMs);
      } catch (error) {
        how.failed(error);
        if (!kept || signal.aborted) return;
        options.log(`no way back from ${host.host}: ${error instanceof Error ? error.message : error}`);
        pause = Math.min(pause * 2, longestPauseMs);
      } finally {
        tunnel.state = "fallen";
      }
      await clock.sleep(pause, signal).catch(() => {});
    }
  }

  async function close(host: string): Promise<void> {
    const tunnel = tunnels.get(host);
    tunnels.delete(host);
    tunnel?.stop.abort();
    await tunnel?.ended;
  }

  return {
    open(host, target, { atLast = false } = {}) {
      const known = tunnels.get(host.host);
      const same = known?.target === JSON.stringify(target);
      if (known && same && known.state !== "fallen") return known.port;
      const { promise: port, resolve: opened, reject: failed } = Promise.withResolvers<number>();
      port.catch(() => {}); // who waits for it hears of it
      const tunnel: Tunnel = {
        ...{ target: JSON.stringify(target), state: "opening", port },
        ...{ stop: new AbortController(), ended: Promise.resolve() },
      };
      const before = close(host.host);
      tunnels.set(host.host, tunnel);
      const how = { atLast: atLast || same, opened, failed };
      tunnel.ended = before.then(() => keep(host, target, tunnel, how));
      return port;
    },
    close,
    async [Symbol.asyncDispose]() {
      await Promise.all([...tunnels.keys()].map(close));
    },
  };
}

/** Tells an agent that is there already where the control plane is now, and holds the connection open. */
const moveAgent = (config: AgentConfig): string => `umask 077
if [ -f ${remotePaths.data}/config.json ]; then
cat > ${remotePaths.data}/config.json.new <<'HAVN_END'
${JSON.stringify(config)}
HAVN_END
mv -f ${remotePaths.data}/config.json.new ${remotePaths.data}/config.json
fi
exec cat > /dev/null
`;
