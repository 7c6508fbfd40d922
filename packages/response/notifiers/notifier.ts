/** What a person or a program is told. */
export interface Message {
  /** The same for the same telling: who takes it in twice counts it once. */
  id: string;
  state: "firing" | "resolved";
  severity: "info" | "warning" | "critical";
  subject: string;
  text: string;
  /** Where it can be answered or looked at. */
  url: string;
  at: number;
  alerts: readonly { labels: Readonly<Record<string, string>>; summary: string; state: string }[];
}

/**
 * Hands a message to a provider. Resolves when the provider has accepted it, with what it said; that is no proof that
 * anyone got it. Throws for everything else: the caller tries again with the same id. Stops when `signal` aborts.
 */
export type Send<Settings> = (settings: Settings, message: Message, signal: AbortSignal) => Promise<string>;

/** A POST that counts as accepted with a 2xx. The answer's beginning is kept for people. */
export async function post(
  url: string,
  init: { body: string; headers: Record<string, string>; signal: AbortSignal },
): Promise<string> {
  const response = await fetch(url, { method: "POST", redirect: "error", ...init });
  const text = (await response.text()).slice(0, 200);
  if (!response.ok) throw new Error(`answered ${response.status}: ${text}`);
  return `answered ${response.status}`;
}
