import { type Address, type Location, parseAddress, type Resource } from "@havn/model";
import type { Handle } from "./environment.ts";

/** That a change of one resource makes another one act. */
export interface Notification {
  from: Address;
  to: Address;
  does: "act" | "reload";
  location: Location | undefined;
}

/** A unit that is to be reloaded rather than restarted. */
export interface Reload extends Handle {
  readonly reload: true;
}

/**
 * For `notify`: the unit reloads instead of restarting.
 *
 * @example file("/etc/nginx/nginx.conf", { host: web1, content, notify: reload(nginx) });
 */
export function reload(unit: Handle & { readonly type: "systemd.unit" }): Reload {
  return { ...unit, reload: true };
}

/** What on a handler names those whose change makes it act. */
const listOn: Readonly<Record<string, string>> = {
  command: "on",
  script: "on",
  http: "on",
  reboot: "on",
  "systemd.unit": "restartOn",
};

/**
 * Writes notifications down where the host keeps them: at the handler, which then comes after all that notify it, acts
 * once, and is still due after a run that failed in between. Gives those that cannot be: what was notified is no handler.
 */
export function connectNotified(
  resources: readonly Resource[],
  notifications: readonly Notification[],
): Notification[] {
  const byAddress = new Map(resources.map((resource) => [resource.address, resource]));
  return notifications.filter(({ from, to, does }) => {
    const handler = byAddress.get(to);
    const list = handler && (does === "reload" ? "reloadOn" : listOn[handler.type]);
    if (!handler || list === undefined || handler.host !== byAddress.get(from)?.host) return true;
    const known = (handler.properties[list] ?? []) as Address[];
    if (!known.includes(from)) handler.properties[list] = [...known, from];
    if (!handler.dependsOn.includes(from)) handler.dependsOn.push(from);
    return false;
  });
}

/** Why a notification cannot be, and what to write. */
export const describeUnnotified = ({ from, to }: Notification): { summary: string; detail: string } => ({
  summary: `${from} notifies ${to}, which cannot act`,
  detail: `A handler is a command, script, HTTP request, reboot or systemd unit on the same host, not a ${parseAddress(to).type}. Name one of those.`,
});
