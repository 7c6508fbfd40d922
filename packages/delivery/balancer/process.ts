import { execFile } from "node:child_process";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { HavnError } from "@havn/model";
import { writeFileAtomic } from "../files.ts";
import type { RunnableInstance, Runtime } from "../runtimes/runtime.ts";

const run = promisify(execFile);

/** What keeps one HAProxy going. */
export interface HaproxyProcess {
  /** Starts it, or takes over the one that runs. */
  ensure(): Promise<void>;
  /** Makes it read its configuration again; connections go on in the old worker. */
  reload(): Promise<void>;
  stop(): Promise<void>;
  lastLines(): Promise<string[]>;
}

export interface HaproxyPlace {
  name: string;
  program: string;
  config: string;
  /** Folder of the configuration. */
  directory: string;
}

/** A detached process of the agent: HAProxy's master, which forks the worker (management guide, "master-worker"). */
export function supervisedHaproxy(
  place: HaproxyPlace,
  runtime: Runtime,
  pid: () => number | undefined,
): HaproxyProcess {
  const instance: RunnableInstance = {
    directory: place.directory,
    spec: {
      id: `balancer-${place.name}`,
      service: place.name,
      address: "",
      release: "",
      releaseNumber: 0,
      artifact: "",
      command: [place.program, "-W", "-f", place.config],
      env: {},
      port: 0,
      runtime: "process",
      health: { path: "/", interval: "1s", timeout: "1s" },
      stopGrace: "5s",
    },
  };
  return {
    ensure: () => runtime.start(instance),
    async reload() {
      const master = pid();
      if (master === undefined) return await runtime.start(instance);
      process.kill(master, "SIGUSR2");
    },
    stop: () => runtime.stop(instance),
    lastLines: () => runtime.lastLines(instance, 10),
  };
}

export const balancerUnit = (name: string): string => `havn-balancer-${name}.service`;
/** /run is emptied at boot, before any agent runs: the unit makes this folder. */
export const balancerRunDirectory = (name: string): string => `/run/havn-balancer-${name}`;

function unitText({ name, program, config }: HaproxyPlace): string {
  return `# Written by Havn. Changes are lost.
[Unit]
Description=HAProxy of balancer ${name} (Havn)
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=${program} -Ws -f ${config}
ExecReload=/bin/kill -USR2 $MAINPID
Restart=always
RestartSec=300ms
KillMode=mixed
TimeoutStopSec=5s
SyslogIdentifier=havn-balancer-${name}
RuntimeDirectory=havn-balancer-${name}
RuntimeDirectoryMode=0700
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=${/^\/(home|root)\//.test(config) ? "read-only" : "yes"}
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`;
}

/** A unit of its own beside Debian's haproxy.service, so that a host may have several balancers. */
export function unitHaproxy(place: HaproxyPlace): HaproxyProcess {
  const unit = balancerUnit(place.name);
  const path = join("/etc/systemd/system", unit);
  return {
    async ensure() {
      const text = unitText(place);
      if ((await readFile(path, "utf8").catch(() => "")) !== text) {
        await writeFileAtomic(path, text, 0o644);
        await systemctl("daemon-reload");
      }
      await systemctl("enable", unit);
      await systemctl("start", unit);
    },
    reload: () => systemctl("reload", unit),
    async stop() {
      if (!(await stat(path).catch(() => undefined))) return;
      await systemctl("disable", "--now", unit);
      await rm(path, { force: true });
      await systemctl("daemon-reload");
      await systemctl("reset-failed", unit).catch(() => {});
    },
    async lastLines() {
      const options = ["--unit", unit, "--lines", "10", "--output", "cat", "--no-pager"];
      const { stdout } = await run("journalctl", options).catch(() => ({ stdout: "" }));
      return stdout.split("\n").filter((line) => line !== "");
    },
  };
}

async function systemctl(...args: string[]): Promise<void> {
  try {
    await run("systemctl", args);
  } catch (cause) {
    const detail = (cause as { stderr?: string }).stderr?.trim() || String(cause);
    throw new HavnError(`systemctl ${args.join(" ")} failed`, { detail, cause });
  }
}
