import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { hostname } from "node:os";
import { connect as connectTls } from "node:tls";
import { systemClock } from "@havn/model";
import type { Message, Send } from "../notifier.ts";

interface Settings {
  server: string;
  facility: number;
  ca?: string | undefined;
}

const severity = { info: 6, warning: 4, critical: 2 } as const;
const defaultPort: Record<string, number> = { "udp:": 514, "tcp:": 514, "tls:": 6514 };

/**
 * One message of RFC 5424: over UDP as it is (RFC 5426), over TCP and TLS with its length before it (RFC 6587, 5425).
 * Syslog answers nothing: accepted means handed to the network, or taken by the other end's TCP.
 */
export const send: Send<Settings> = async ({ server, facility, ca }, message, signal) => {
  const url = new URL(server);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || defaultPort[url.protocol]);
  const line = Buffer.from(formatSyslog(message, { facility, host: hostname() }));
  if (url.protocol === "udp:") return await sendUdp(line, { host, port, signal });
  const socket: Socket =
    url.protocol === "tls:"
      ? connectTls({
          host,
          port,
          ...(ca !== undefined && { ca }),
          ...(isIP(host) ? {} : { servername: host }),
        })
      : connect({ host, port });
  const abort = () => void socket.destroy(new Error("gave up waiting for the syslog server"));
  signal.addEventListener("abort", abort, { once: true });
  try {
    await once(socket, url.protocol === "tls:" ? "secureConnect" : "connect");
    socket.end(Buffer.concat([Buffer.from(`${line.length} `), line]));
    // The other end closes when it has read to the end; one that keeps its side open has had its time.
    socket.resume();
    await Promise.race([once(socket, "close"), systemClock.sleep(2000)]);
    return `${line.length} bytes taken`;
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
};

async function sendUdp(
  line: Buffer,
  { host, port, signal }: { host: string; port: number; signal: AbortSignal },
): Promise<string> {
  const socket = createSocket({ type: isIP(host) === 6 ? "udp6" : "udp4", signal });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.send(line, port, host, (error) => (error ? reject(error) : resolve()));
    });
    return `${line.length} bytes sent`;
  } finally {
    if (!signal.aborted) socket.close();
  }
}

/**
 * The message as one line (32473 is the number that RFC 5612 keeps for documents); labels of its first alert as structured data.
 */
export function formatSyslog(
  message: Message,
  { facility, host }: { facility: number; host: string },
): string {
  const level = message.state === "resolved" ? 5 : severity[message.severity];
  const labels = Object.entries(message.alerts[0]?.labels ?? {}).slice(0, 20);
  const parameters = [["id", message.id], ["state", message.state], ["url", message.url], ...labels].map(
    ([name = "", value = ""]) =>
      ` ${name.replace(/[^\w.-]/g, "_").slice(0, 32)}="${value.replace(/["\\\]]/g, "\\$&")}"`,
  );
  const text = `${message.subject}: ${message.text}`.replace(/\s+/g, " ").trim().slice(0, 4000);
  const head = `<${facility * 8 + level}>1 ${new Date(message.at).toISOString()} ${host.slice(0, 255)} havn ${process.pid} alert`;
  return `${head} [havn@32473${parameters.join("")}] \ufeff${text}`;
}
