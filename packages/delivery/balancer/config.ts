import type { BalancerSpec } from "@havn/fleet/protocol";

export interface BalancerFiles {
  socket: string;
  stateFile: string;
  /** Loopback port of HAProxy's own metrics. */
  metricsPort: number;
  /** Whom the workers become once ports are bound; undefined where the agent is not root. */
  user?: { name: string; group: string } | undefined;
}

/**
 * HAProxy's configuration (an empty `healthPath`: any answer below 500 will do), slots as they are now: whoever starts it again finds what the runtime socket had made.
 * HAProxy 2.6 configuration manual; what each unusual line is for was measured (docs/decisions, lossless rollouts).
 */
export function haproxyConfig(spec: BalancerSpec, files: BalancerFiles): string {
  return `# Written by Havn for ${spec.address}. Changes are lost.
global
  log stdout format raw local0
  stats socket ${files.socket} mode 600 level admin expose-fd listeners
  stats timeout 1m
  server-state-file ${files.stateFile}
  # An old worker whose clients never leave must not stay for ever after a reload.
  hard-stop-after 60s
  fd-hard-limit 65536
${files.user ? `  user ${files.user.name}\n  group ${files.user.group}\n` : ""}
defaults
  mode http
  log global
  option httplog
  option dontlog-normal
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout queue 10s
  timeout http-request 15s
  # Without it a check may last no longer than its interval: a busy instance would flap.
  timeout check 2s
  timeout http-keep-alive 75s

frontend clients
  bind :${spec.port}
  # A reload closes idle client connections only after one more answer: a request under way is never cut.
  option idle-close-on-response
  option forwardfor
  http-request set-header X-Request-Id %[uuid()] unless { req.hdr(X-Request-Id) -m found }
  http-request set-header X-Forwarded-Proto http unless { req.hdr(X-Forwarded-Proto) -m found }
  default_backend instances

backend instances
  balance roundrobin
  load-server-state-from-file global
  option httpchk GET ${spec.healthPath || "/"}
  http-check expect rstatus ^[${spec.healthPath ? "23" : "1234"}]
  http-reuse safe
  # An instance that falls takes no request along: what may be repeated is tried elsewhere, at once.
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response
  http-request disable-l7-retry unless { method GET HEAD OPTIONS }
  # Idle connections go before an instance closes them by itself (Node's default: 5 s), which could cut a POST.
  default-server check inter 500ms fastinter 200ms downinter 500ms fall 2 rise 1 pool-purge-delay 2s
${spec.slots.map(serverLine).join("\n")}

frontend metrics
  bind 127.0.0.1:${files.metricsPort}
  http-request use-service prometheus-exporter if { path /metrics }
  http-request return status 404
`;
}

/** Draining is a weight of 0 here: the state itself exists only at run time. */
function serverLine({ slot, ip, port, state, weight }: BalancerSpec["slots"][number]): string {
  const address = ip.includes(":") ? `[${ip}]` : ip;
  return `  server ${slot} ${address}:${port} weight ${state === "drain" ? 0 : weight}${state === "maint" ? " disabled" : ""}`;
}
