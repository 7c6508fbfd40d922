import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { HavnError } from "@havn/model";
import { z } from "zod";
import { writeFileAtomic } from "../files.ts";
import type { AgentConfig } from "../protocol/index.ts";
import type { AgentBundle } from "./bundle.ts";
import { identifyProcess, isRunning, type ProcessIdentity, stopProcess } from "./processes.ts";
import { agentEnvironment, agentNodeFlags } from "./unit.ts";

/** Agents of this computer, without root or systemd: a shell loop keeps each running, whatever becomes of us. */
export interface LocalAgents {
  /** Writes what the agent needs and starts it anew. `token` only where it shall enrol. */
  install(what: { config: AgentConfig; ca: string; token?: string; bundle: AgentBundle }): Promise<void>;
  /** Starts it as it was installed, unless it runs; tells it where the control plane is now. */
  start(host: AgentPlace, servers: string[]): Promise<void>;
  isInstalled(host: AgentPlace): Promise<boolean>;
  stop(host: AgentPlace): Promise<void>;
  /** Stops it and removes its folder. */
  remove(host: AgentPlace): Promise<void>;
  /** The end of the agent's own log. */
  lastLog(host: AgentPlace): Promise<string>;
}

export interface AgentPlace {
  environment: string;
  name: string;
}

/**
 * `wait` is repeated because a signal ends it early. The log starts anew above 10 MB at an agent's restart; an agent
 * writes a few lines a day.
 */
const supervisor = `#!/bin/sh
# Keeps a Havn agent running until it is told to stop (SIGTERM). Written by Havn.
directory=$1
shift
delay=1
stop=
child=
trap 'stop=1; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM INT
trap '' HUP
while [ -z "$stop" ]; do
  if [ "$(wc -c < "$directory/agent.log")" -gt 10485760 ]; then
    cp "$directory/agent.log" "$directory/agent.log.1"
    : > "$directory/agent.log"
  fi
  began=$(date +%s)
  "$@" &
  child=$!
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done
  [ -n "$stop" ] && break
  if [ $(( $(date +%s) - began )) -ge 60 ]; then delay=1; fi
  sleep "$delay" &
  child=$!
  wait "$child"
  delay=$(( delay * 2 ))
  if [ "$delay" -gt 30 ]; then delay=30; fi
done
`;

const identitySchema = z.object({ pid: z.number().int().min(2), started: z.string() });
const stopGraceMs = 10_000;

export function createLocalAgents(options: { directory: string; nodeBinary: string }): LocalAgents {
  const directoryOf = ({ environment, name }: AgentPlace) =>
    join(options.directory, `${environment}-${name}`);
  const pidFile = (host: AgentPlace) => join(directoryOf(host), "supervisor.json");

  async function findRunning(host: AgentPlace): Promise<ProcessIdentity | undefined> {
    const text = await readFile(pidFile(host), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    const identity = identitySchema.safeParse(parseJson(text)).data;
    return identity && (await isRunning(identity)) ? identity : undefined;
  }

  async function launch(host: AgentPlace): Promise<void> {
    const directory = directoryOf(host);
    const log = openSync(join(directory, "agent.log"), "a", 0o600);
    try {
      const agent = [
        options.nodeBinary,
        ...agentNodeFlags,
        join(directory, "agent.mjs"),
        "--data",
        directory,
      ];
      const { PATH = "/usr/bin:/bin", HOME = "/", LANG = "C.UTF-8" } = process.env;
      const child = spawn("/bin/sh", [join(directory, "supervise.sh"), directory, ...agent], {
        detached: true,
        cwd: directory,
        stdio: ["ignore", log, log],
        env: { PATH, HOME, LANG, ...agentEnvironment },
      });
      const identity = child.pid === undefined ? undefined : await identifyProcess(child.pid);
      child.on("error", () => {});
      if (!identity)
        throw new HavnError(`The agent of ${host.name} could not be started`, {
          detail: `/bin/sh ended at once. See ${directory}/agent.log.`,
        });
      child.unref();
      await writeFileAtomic(pidFile(host), JSON.stringify(identity), 0o600);
    } finally {
      closeSync(log);
    }
  }

  async function stop(host: AgentPlace): Promise<void> {
    const running = await findRunning(host);
    if (running) await stopProcess(running, stopGraceMs);
    await rm(pidFile(host), { force: true });
  }

  return {
    async install({ config, ca, token, bundle }) {
      const directory = directoryOf(config);
      await stop(config);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const put = (name: string, content: string) => writeFileAtomic(join(directory, name), content, 0o600);
      await copyFile(bundle.path, join(directory, "agent.mjs.new"));
      await rename(join(directory, "agent.mjs.new"), join(directory, "agent.mjs"));
      await put("config.json", JSON.stringify(config));
      await put("ca.pem", ca);
      await put("supervise.sh", supervisor);
      if (token !== undefined) await put("token", token);
      await launch(config);
    },
    async start(host, servers) {
      const file = join(directoryOf(host), "config.json");
      const config = parseJson(await readFile(file, "utf8")) as AgentConfig;
      // The agent reads it again whenever it dials.
      if (JSON.stringify(config.servers) !== JSON.stringify(servers))
        await writeFileAtomic(file, JSON.stringify({ ...config, servers }), 0o600);
      if (!(await findRunning(host))) await launch(host);
    },
    isInstalled: async (host) =>
      (await readFile(join(directoryOf(host), "config.json"), "utf8").catch(() => undefined)) !== undefined,
    stop,
    async remove(host) {
      await stop(host);
      await rm(directoryOf(host), { recursive: true, force: true });
    },
    async lastLog(host) {
      const text = await readFile(join(directoryOf(host), "agent.log"), "utf8").catch(() => "");
      return text.trim().split("\n").slice(-8).join("\n");
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
