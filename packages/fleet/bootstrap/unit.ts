/** Where an agent lives on a host that systemd runs. */
export const remotePaths = {
  library: "/usr/local/lib/havn-agent",
  data: "/var/lib/havn-agent",
  unit: "/etc/systemd/system/havn-agent.service",
} as const;

/**
 * A small young generation and heap, no optimised code: an agent holds little and works little. Together with one malloc
 * arena this takes a quarter of its memory away (98 → 75 MB resident). Threads cost no memory to speak of, and as many
 * files as there are of them wait for the disk at the same time.
 */
export const agentNodeFlags = [
  "--max-semi-space-size=1",
  "--max-old-space-size=96",
  "--lite-mode",
  "--v8-pool-size=1",
] as const;
export const agentEnvironment = {
  MALLOC_ARENA_MAX: "1",
  // Large buffers go back to the system when they are done with; left to itself, glibc keeps them after the first ones.
  MALLOC_MMAP_THRESHOLD_: "262144",
  UV_THREADPOOL_SIZE: "8",
} as const;

export const agentUnit = `[Unit]
Description=Havn agent
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Environment=${Object.entries(agentEnvironment)
  .map(([name, value]) => `${name}=${value}`)
  .join(" ")}
ExecStart=${remotePaths.library}/node ${agentNodeFlags.join(" ")} ${remotePaths.library}/agent.mjs --data ${remotePaths.data}
Restart=always
RestartSec=1
# What the agent started for itself must outlive its restart.
KillMode=process
TimeoutStopSec=15
# Counts what it runs while it applies (package installation) too.
MemoryMax=1G
# A plugin that takes too much memory is killed alone, not the agent with it.
OOMPolicy=continue
OOMScoreAdjust=-500
TasksMax=512
LimitNOFILE=65536
UMask=0077

[Install]
WantedBy=multi-user.target
`;

/** Run on the host from the folder that the upload was unpacked in. Safe to run twice, or after half a run. */
export const installScript = `set -e
library=${remotePaths.library}
data=${remotePaths.data}
mkdir -p "$library" "$data"
# Releases below it are run by other users; every file in it is closed to them.
chmod 711 "$data"
chmod 755 "$library"
if [ -f node.from ]; then cp "$(cat node.from)" node; fi
for file in node agent.mjs; do
  if [ -f "$file" ]; then
    chmod 755 "$file"
    mv -f "$file" "$library/$file.new"
    mv -f "$library/$file.new" "$library/$file"
  fi
done
# Node's one library beyond a minimal Debian; services run by this Node need it too, so it goes to its usual place.
if ! "$library/node" --version > /dev/null 2>&1; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get install --yes --quiet libatomic1 > /dev/null 2>&1 ||
    { apt-get update --quiet > /dev/null && apt-get install --yes --quiet libatomic1 > /dev/null; } || true
  "$library/node" --version > /dev/null
fi
for file in config.json ca.pem token; do
  chmod 600 "$file"
  mv -f "$file" "$data/$file"
done
chmod 644 havn-agent.service
mv -f havn-agent.service ${remotePaths.unit}
systemctl daemon-reload
systemctl enable --quiet havn-agent.service
systemctl restart havn-agent.service
cd /
rm -rf "$data/.incoming"
`;

export const probeScript = `uname -s
uname -m
if [ -d /run/systemd/system ]; then echo systemd; else echo none; fi
for file in node agent.mjs; do
  sha256sum ${remotePaths.library}/$file 2>/dev/null || echo missing
done
`;

export const unpackCommand = [
  "umask 077",
  `rm -rf ${remotePaths.data}/.incoming`,
  `mkdir -p ${remotePaths.data}/.incoming`,
  `cd ${remotePaths.data}/.incoming`,
  "tar -xf -",
  "sh ./install.sh",
].join(" && ");

export const removeScript = `systemctl disable --now --quiet havn-agent.service 2>/dev/null || true
rm -f ${remotePaths.unit}
systemctl daemon-reload || true
rm -rf ${remotePaths.library} ${remotePaths.data}
`;
