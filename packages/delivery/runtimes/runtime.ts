import type { InstanceSpec } from "@havn/fleet/protocol";

/** How a process of a release is kept going on this host: one folder a runtime. */
export interface Runtime {
  /** Starts it, or takes over the one that runs already. Resolves once the process runs. */
  start(instance: RunnableInstance): Promise<void>;
  /** Takes over what an earlier agent started; false if there is nothing to take over. */
  adopt(instance: RunnableInstance): Promise<boolean>;
  /** SIGTERM, SIGKILL after its grace; resolves when it is gone and nothing brings it back. */
  stop(instance: RunnableInstance): Promise<void>;
  /** The same process made anew because it hangs. It is reported as an exit. */
  restart(instance: RunnableInstance): Promise<void>;
  /** The newest lines of its output, oldest first. */
  lastLines(instance: RunnableInstance, count: number): Promise<string[]>;
  /** Lets go without stopping anything: instances outlive their agent. */
  close(): Promise<void>;
}

export interface RunnableInstance {
  spec: InstanceSpec;
  /** Its release, unpacked. */
  directory: string;
}

/** What a runtime tells; `instances/` makes health, reports and events of it. */
export interface RuntimeListener {
  /** A process runs; `pid` is its own. */
  started(id: string, pid: number): void;
  /** It ended without being asked to. `code` and `signal` are undefined where nobody saw how. */
  exited(id: string, exit: { pid: number; code?: number | undefined; signal?: string | undefined }): void;
  /** One line of its output; where the runtime's output goes elsewhere (journald), it is never called. */
  line(id: string, time: number, line: string): void;
}

/** Program and arguments: a first word "node" is the Node that runs the agent. */
export function commandOf({ spec }: RunnableInstance): [string, ...string[]] {
  const [program = "", ...rest] = spec.command;
  return [program === "node" ? process.execPath : program, ...rest];
}

/** What the process finds in its environment. Nothing of the agent's own leaks into it but where programs are. */
export function environmentOf({ spec }: RunnableInstance): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOST: "127.0.0.1",
    NODE_ENV: "production",
    HAVN_INSTANCE: spec.id,
    HAVN_RELEASE: spec.release,
    HAVN_SERVICE: spec.service,
    ...spec.env,
    PORT: String(spec.port),
  };
}
