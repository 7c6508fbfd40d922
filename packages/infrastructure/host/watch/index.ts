import type { Address, Resource } from "@havn/model";
import { findDefinition } from "../../definitions.ts";
import { watchFiles } from "./files.ts";
import { watchUnits } from "./units.ts";

/** Sees at once what happens to the files and units that resources are about. */
export interface ResourceWatch extends Disposable {
  /** Those to watch from now on. */
  set(resources: readonly Resource[]): void;
  stats(): { directories: number; unwatched: number; units: boolean };
}

/** `onTouched` gets resources that may have changed: reading them tells whether they did. */
export function watchResources(options: {
  onTouched(addresses: readonly Address[]): void;
  log(message: string): void;
}): ResourceWatch {
  let ofPath = new Map<string, Address[]>();
  let ofUnit = new Map<string, Address[]>();
  const tell = (addresses: readonly Address[]) => {
    if (addresses.length > 0) options.onTouched(addresses);
  };
  const files = watchFiles({
    onChange: (paths) => tell(paths.flatMap((path) => ofPath.get(path) ?? [])),
    log: options.log,
  });
  let units: ReturnType<typeof watchUnits> | undefined;
  const unitsChanged = (names: readonly string[] | undefined) =>
    tell(names ? names.flatMap((name) => ofUnit.get(name) ?? []) : [...ofUnit.values()].flat());
  return {
    set(resources) {
      const watched = resources.map(({ address, type, properties }) => {
        const { paths, watches, units: named } = findDefinition(type) ?? {};
        return {
          address,
          paths: [...(paths?.(properties) ?? []), ...(watches?.(properties) ?? [])],
          units: named?.(properties) ?? [],
        };
      });
      ofPath = byKey(watched.map(({ address, paths }) => ({ address, keys: paths })));
      ofUnit = byKey(watched.map(({ address, units: names }) => ({ address, keys: names })));
      // A path that holds a fact is not known here.
      files.set([...ofPath.keys()].filter((path) => typeof path === "string" && path.startsWith("/")));
      // Who declares no unit needs no connection to systemd.
      if (ofUnit.size > 0) units ??= watchUnits({ onChange: unitsChanged });
    },
    stats: () => ({ ...files.stats(), units: units?.connected ?? false }),
    [Symbol.dispose]() {
      files[Symbol.dispose]();
      units?.[Symbol.dispose]();
    },
  };
}

function byKey(watched: readonly { address: Address; keys: readonly string[] }[]): Map<string, Address[]> {
  const found = new Map<string, Address[]>();
  for (const { address, keys } of watched)
    for (const key of keys) {
      const known = found.get(key);
      if (known) known.push(address);
      else found.set(key, [address]);
    }
  return found;
}
