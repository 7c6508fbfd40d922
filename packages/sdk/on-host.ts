import type { Condition, Location } from "@havn/model";
import { type CommonOptions, type Dependency, declare, type Handle, listOf } from "./environment.ts";
import type { HostHandle } from "./hosts.ts";
import type { Reload } from "./notify.ts";

/** What every resource on a host takes. */
export interface HostResourceOptions extends CommonOptions {
  /**
   * Where it lives.
   * @example host: web1
   */
  host: HostHandle | string;
  /**
   * Where it does not hold, the resource is left as it is and what depends on it goes on. The host decides it, before
   * anything is changed there; plans tell. Default: it always holds.
   * @example when: fact.os.codename.equals("bookworm")
   */
  when?: Condition | undefined;
  /**
   * What the agent does when it no longer is as declared: "enforce" mends it, "noop" tells, "off" does not look. Default:
   * the mode of its host.
   * @example enforcement: "enforce"
   */
  enforcement?: "enforce" | "noop" | "off" | undefined;
  /**
   * What acts once when this has changed, after all that notify it: a command, script, HTTP request or reboot runs, a unit
   * restarts (or reloads: see `reload`). It stays due where a run fails before it. Default: nothing.
   * @example notify: [rebuild, reload(nginx)]
   */
  notify?: Dependency | Reload | readonly (Dependency | Reload)[] | undefined;
}

/** For constructors that bring others: told as written where the outer one stands. */
export interface Within {
  location?: Location | undefined;
}

/**
 * Declares a resource on a host whose properties are the options as they were written, with `fixed` added. `uses` are
 * handles among the options: what they stand for comes first.
 */
export function declareOnHost<T extends string>(
  type: T,
  name: string,
  options: HostResourceOptions & Within,
  { fixed = {}, uses = [] }: { fixed?: Record<string, unknown>; uses?: readonly unknown[] } = {},
): Handle & { readonly type: T } {
  const { host, dependsOn, location, ...written } = options;
  const { address } = declare({
    type,
    name,
    host,
    properties: { ...written, ...fixed },
    after: [...uses, ...listOf(dependsOn)],
    location,
  });
  return { type, name, resource: address };
}
