import { join } from "node:path";
import { type HostDesired, hostDesired } from "@havn/fleet/protocol";
import { HavnError } from "@havn/model";
import { findFile, findJson, writeFileAtomic } from "../files.ts";
import type { Log } from "../log.ts";

/** What this host shall be, kept on disk (0600: it holds secrets) so that it stays true without the control plane. */
export interface DesiredState {
  get(): HostDesired | undefined;
  revision(): number;
  /** Durable when it resolves. Throws a HavnError for an older revision. */
  put(desired: HostDesired): Promise<void>;
  /** Changes what is held by then, after all that was put before; nothing where nothing is. */
  change(make: (held: HostDesired) => HostDesired): Promise<void>;
}

export async function openDesiredState(dataDirectory: string, log: Log): Promise<DesiredState> {
  const path = join(dataDirectory, "desired.json");
  const text = await findFile(path);
  const parsed = text === undefined ? undefined : hostDesired.safeParse(findJson(text));
  if (parsed && !parsed.success) log.error(`${path} cannot be read; waiting for the control plane's copy`);
  let current = parsed?.data;
  let writing: Promise<void> = Promise.resolve();

  async function replace(desired: HostDesired) {
    if (current && desired.revision < current.revision)
      throw new HavnError(`Revision ${desired.revision} is older than ${current.revision}`, { status: 409 });
    await writeFileAtomic(path, JSON.stringify(desired));
    current = desired;
  }

  function inTurn(work: () => Promise<void>): Promise<void> {
    const next = writing.then(work);
    writing = next.catch(() => {});
    return next;
  }

  return {
    get: () => current,
    revision: () => current?.revision ?? 0,
    put: (desired) => inTurn(() => replace(desired)),
    change: (make) => inTurn(async () => current && replace(make(current))),
  };
}
