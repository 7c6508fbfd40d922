/** What a person or a program is told. */
export interface Message {
  /** The same for the same telling: who takes it in twice counts it once. */
  id: string;
  /** The same over all tellings of the same trouble, its end included. */
  about: string;
  state: "firing" | "resolved";
  severity: "info" | "warning" | "critical";
  subject: string;
  text: string;
  /** Where it can be answered or looked at. */
  url: string;
  /** `url` takes an answer. */
  answerable: boolean;
  at: number;
  /** Where who subscribed leaves again: a POST does, without asking. */
  leave?: string;
  alerts: readonly { labels: Readonly<Record<string, string>>; summary: string; state: string }[];
}

/**
 * Hands a message to a provider. Resolves when the provider has accepted it, with what it said; that is no proof that
 * anyone got it. Throws for everything else: the caller tries again with the same id. Stops when `signal` aborts.
 */
export type Send<Settings> = (settings: Settings, message: Message, signal: AbortSignal) => Promise<string>;

/** How much of an answer is read: a server may send without end. */
const longestAnswer = 64 * 1024;

interface Request {
  method: "GET" | "POST" | "PUT";
  body?: string | Uint8Array<ArrayBuffer>;
  headers: Record<string, string>;
  signal: AbortSignal;
}

/** Throws for anything but a 2xx, with the beginning of what was said. No redirect is followed. */
export async function request(url: string, init: Request): Promise<{ status: number; text: string }> {
  const response = await fetch(...prepared(url, init));
  const text = await readSome(response);
  if (!response.ok) throw new Error(`answered ${response.status}: ${text.slice(0, 200)}`);
  return { status: response.status, text };
}

/** What `fetch` says of an address or a header that it does not take holds it whole, and with it what is secret. */
function prepared(url: string, { headers: given, ...init }: Request): [address: URL, init: RequestInit] {
  if (!URL.canParse(url)) throw new Error("the address of the channel is no URL");
  const address = new URL(url);
  let headers: Headers;
  try {
    headers = new Headers(given);
  } catch {
    throw new Error("a token or key of the channel holds what no header takes, such as a line break");
  }
  const { username, password } = address;
  if (username !== "" || password !== "") {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers.set("authorization", `Basic ${Buffer.from(pair).toString("base64")}`);
    address.username = "";
    address.password = "";
  }
  return [address, { redirect: "error", ...init, headers }];
}

async function readSome(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  // Leaving the loop hangs up.
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > longestAnswer) break;
  }
  return text;
}

/** A POST that counts as accepted with a 2xx. */
export async function post(
  url: string,
  init: { body: string; headers: Record<string, string>; signal: AbortSignal },
): Promise<string> {
  const { status } = await request(url, { method: "POST", ...init });
  return `answered ${status}`;
}
