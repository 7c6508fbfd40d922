import { formatDuration, parseDuration } from "@havn/model";
import { commandOf, environmentOf, type RunnableInstance } from "../runtime.ts";

export const unitName = (id: string): string => `havn-${id}.service`;

/**
 * The unit of an instance (systemd.service(5), systemd.exec(5)). Its user exists only while it runs; it sees the
 * system read-only, and writes nowhere but to its own /tmp. `exitsFile` gets a line for each end of the process:
 * systemd itself forgets how a process ended once it has started the next one.
 */
export function instanceUnit(instance: RunnableInstance, files: { env: string; exits: string }): string {
  const { spec, directory } = instance;
  const command = commandOf(instance).map(quote).join(" ");
  const home = [directory, commandOf(instance)[0]].some((path) => path.startsWith("/home/"));
  return `# Written by Havn for ${spec.address}, release ${spec.releaseNumber}. Changes are lost.
[Unit]
Description=${plain(`${spec.service}, release ${spec.releaseNumber} (Havn)`)}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${command}
ExecStopPost=+/bin/sh -c 'echo "$$EXIT_CODE $$EXIT_STATUS" >> ${plain(files.exits)}'
WorkingDirectory=${plain(directory)}
EnvironmentFile=${plain(files.env)}
Restart=always
RestartSec=300ms
KillMode=mixed
TimeoutStopSec=${formatDuration(parseDuration(spec.stopGrace)).replace(/m(?!s)/, "min")}
SyslogIdentifier=${spec.id}
DynamicUser=yes
NoNewPrivileges=yes
CapabilityBoundingSet=${spec.port < 1024 ? "CAP_NET_BIND_SERVICE" : ""}
AmbientCapabilities=${spec.port < 1024 ? "CAP_NET_BIND_SERVICE" : ""}
ProtectSystem=strict
ProtectHome=${home ? "read-only" : "yes"}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`;
}

/** The EnvironmentFile: values in double quotes, what is special in them escaped; lines inside are allowed. */
export function environmentFile(instance: RunnableInstance): string {
  return Object.entries(environmentOf(instance))
    .map(([name, value]) => `${name}="${value.replace(/[\\"`$]/g, "\\$&")}"\n`)
    .join("");
}

/** A word of a command line: specifiers and variables off, quoted (systemd.service(5), "Command lines"). */
const quote = (word: string) =>
  `"${word.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$").replaceAll("\n", "\\n")}"`;

const plain = (text: string) => text.replaceAll("%", "%%");
