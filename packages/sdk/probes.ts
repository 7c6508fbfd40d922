import type { Text } from "./references.ts";

/** What each kind of check takes. Sizes are bytes, times are durations such as "5s" and "21d". */

export interface HttpProbe {
  /**
   * What is asked for.
   * @example url: text`${entry.url}/healthz`
   */
  url: Text;
  /** Default: GET. */
  method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS";
  /** Sent with it; values that are secret stand in no output. */
  headers?: Record<string, Text>;
  body?: Text;
  /**
   * Status that must come back, or one of several. Default: 200.
   * @example status: 204
   */
  status?: number | readonly number[];
  /**
   * Text that the body must hold. Default: any body will do.
   * @example contains: "ok"
   */
  contains?: string;
  /** Regular expression that the body must match. */
  matches?: string;
  /**
   * What must stand where in a JSON body.
   * @example json: { "status": "up", "queues[0].length": 0 }
   */
  json?: Record<string, string | number | boolean | null>;
  /** Text that headers of the answer must hold. */
  responseHeaders?: Record<string, string>;
  /** How many redirects are followed. Default: 0. */
  redirects?: number;
  /** An answer that takes longer is a warning. */
  slow?: string;
  /** Any certificate will do. */
  insecure?: boolean;
  /** PEM of whom to trust instead of the system's authorities. */
  authority?: Text;
}

export interface TcpProbe {
  host: Text;
  port: number;
  /** Sent once connected. */
  send?: Text;
  /** Text that must come. */
  expect?: string;
  /** What takes longer is a warning. */
  slow?: string;
}

export interface TlsProbe {
  host: Text;
  /** Default: 443. */
  port?: number;
  /** Name that the certificate must be for; `host` where left out. */
  name?: Text;
  /** Default: "21d". */
  warnBefore?: string;
  /** Default: "7d". */
  criticalBefore?: string;
  /** PEM of whom to trust instead of the system's authorities. */
  authority?: Text;
}

export interface DnsProbe {
  name: Text;
  /** Default: A. */
  type?: "A" | "AAAA" | "CNAME" | "MX" | "NS" | "PTR" | "SOA" | "SRV" | "TXT" | "CAA";
  /** IP address of the server that is asked; the system's where left out. */
  server?: Text;
  /** Answers that must be among those that come. */
  expect?: readonly Text[];
}

export interface PingProbe {
  host: Text;
  /** Packets. Default: 3. */
  count?: number;
  warning?: { rtt?: string; loss?: number };
  /** Default: all packets lost. */
  critical?: { rtt?: string; loss?: number };
}

export interface SmtpProbe {
  host: Text;
  /** Default: 25. */
  port?: number;
  /** Default: "none". */
  security?: "none" | "starttls" | "tls";
  user?: Text;
  password?: Text;
  /** MAIL FROM is tried with it; nothing is sent. */
  from?: Text;
  /** RCPT TO is tried with it; nothing is sent. */
  to?: Text;
  /** Name of the certificate; `host` where left out. */
  name?: Text;
  insecure?: boolean;
  authority?: Text;
}

export interface DatabaseProbe {
  host: Text;
  port?: number;
  user: Text;
  password?: Text;
  /** The user's own where left out. */
  database?: Text;
  /** "verify" asks for a certificate that is trusted, "require" for any. Default: "prefer". */
  tls?: "off" | "prefer" | "require" | "verify";
  authority?: Text;
  /** Its first value becomes a series. Default: select 1. */
  query?: string;
  /** What the first value must be, as text. */
  expect?: string;
}

export interface RedisProbe {
  host: Text;
  /** Default: 6379. */
  port?: number;
  user?: Text;
  password?: Text;
  tls?: "off" | "require";
  insecure?: boolean;
  authority?: Text;
  /** What it must be. */
  role?: "master" | "slave";
}

export interface FileProbe {
  path: Text;
  warnAge?: string;
  criticalAge?: string;
  smallest?: number;
  largest?: number;
  /** It must not be there. */
  absent?: boolean;
}

export interface ProcessProbe {
  /** Of the program, as ps shows it. */
  name?: Text;
  /** Regular expression over the whole command line. */
  command?: string;
  user?: Text;
  /** Default: 1. */
  least?: number;
  most?: number;
}

/** Selectors are CSS, or text=… for what a person reads. Each step waits until it can be done. */
export type BrowserStep =
  | { open: Text }
  | { click: string }
  | { fill: string; with: Text }
  | { press: string }
  | { see: string }
  | { gone: string }
  | { title: string }
  | { at: string };

export interface BrowserProbe {
  url: Text;
  steps?: readonly BrowserStep[];
  insecure?: boolean;
  /** Chromium where it is not in its usual place. */
  program?: string;
}

export interface PluginProbe {
  /**
   * A command line with Nagios' macros, or program and arguments.
   * @example command: "$USER1$/check_http -H $HOSTADDRESS$ -p $ARG1$"
   */
  command: string | readonly Text[];
  /** $ARG1$, $ARG2$ … */
  arguments?: readonly Text[];
  /** @example macros: { HOSTADDRESS: web1.address } */
  macros?: Record<string, Text>;
  /** Secrets belong here: a process' arguments are seen by everybody on its host. */
  env?: Record<string, Text>;
  /** Who runs it. Default: nobody. */
  user?: string;
}

export interface NrpeProbe {
  host: Text;
  /** Default: 5666. */
  port?: number;
  command: string;
  arguments?: readonly Text[];
  /** Of the protocol. Default: 4. */
  version?: 2 | 3 | 4;
  /** Default: "anonymous", as NRPE without certificates. */
  tls?: "anonymous" | "certificate" | "off";
  authority?: Text;
  certificate?: Text;
  key?: Text;
}

export interface PassiveCheck {
  /** How long a result holds. Default: for ever. */
  freshness?: string;
  /** What it is when none came in time. Default: "unknown". */
  stale?: "warning" | "critical" | "unknown";
  /** Names that send_nsca sends it under. */
  nagios?: { host: string; service?: string };
}

export interface HeartbeatCheck {
  /** How often the job tells that it is well. */
  every: string;
  /** How much later it may come. Default: "0s". */
  grace?: string;
  /** From start to finish. */
  longest?: string;
}
