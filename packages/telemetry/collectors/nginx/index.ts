import { type CollectedSample, sample } from "../sample.ts";

export interface NginxSettings {
  /** Where `stub_status` stands. */
  url: string;
}

/** NGINX's stub_status under the names of nginx-prometheus-exporter. Rejects where it does not answer with that. */
export async function collectNginx({ url }: NginxSettings, signal: AbortSignal): Promise<CollectedSample[]> {
  const { address, headers } = asked(url);
  const response = await fetch(address, { signal, headers, redirect: "error" });
  const text = await beginOf(response);
  if (!response.ok) throw new Error(`it answers ${response.status}`);
  return [sample("nginx_up", 1), ...statusSamples(text)];
}

/** A name and password in an address are sent, not asked for: `fetch` refuses them there, and tells them. */
function asked(url: string): { address: URL; headers: Record<string, string> } {
  const address = new URL(url);
  const { username, password } = address;
  if (username === "" && password === "") return { address, headers: {} };
  address.username = "";
  address.password = "";
  const given = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { address, headers: { authorization: `Basic ${given.toString("base64")}` } };
}

const enough = 4_096;

/** No more than is needed: what answers may never come to an end. */
async function beginOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= enough) break;
  }
  return text.slice(0, enough);
}

/** https://nginx.org/en/docs/http/ngx_http_stub_status_module.html */
export function statusSamples(text: string): CollectedSample[] {
  const shape =
    /^Active connections: (\d+)\s+server accepts handled requests\s+(\d+) (\d+) (\d+)\s+Reading: (\d+) Writing: (\d+) Waiting: (\d+)/;
  const found = shape.exec(text);
  if (!found) throw new Error("it answers, but not with stub_status");
  const [active = 0, accepted = 0, handled = 0, requests = 0, reading = 0, writing = 0, waiting = 0] = found
    .slice(1)
    .map(Number);
  return [
    sample("nginx_connections_active", active),
    sample("nginx_connections_accepted", accepted),
    sample("nginx_connections_handled", handled),
    sample("nginx_http_requests_total", requests),
    sample("nginx_connections_reading", reading),
    sample("nginx_connections_writing", writing),
    sample("nginx_connections_waiting", waiting),
  ];
}
