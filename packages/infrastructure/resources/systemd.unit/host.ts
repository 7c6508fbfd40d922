import { type Address, HavnError } from "@havn/model";
import { findText } from "../read-files.ts";
import type { HostReads, ResourceReader } from "../type.ts";
import definition, {
  dropInPath,
  isTemplate,
  type SystemdUnitObserved,
  type SystemdUnitProperties,
  unitPath,
} from "./definition.ts";

const reader: ResourceReader<SystemdUnitProperties, SystemdUnitObserved> = {
  async read(resources, host) {
    const names = [...new Set(resources.map(({ properties }) => properties.name))].filter(
      (name) => !isTemplate(name),
    );
    const states = names.length === 0 ? new Map<string, State>() : await readStates(names, host);
    return Promise.all(
      resources.map(async ({ address, properties }) => ({
        ...(isTemplate(properties.name) ? template : (states.get(properties.name) ?? notFound)),
        content:
          properties.content === undefined ? undefined : await findText(unitPath(properties.name), host),
        ...(await readDropIns(address, properties, host)),
        before: host.before(address) as SystemdUnitObserved["before"],
        pending: host.pending(address, definition.triggers?.(properties) ?? []),
      })),
    );
  },
};
export default reader;

async function readStates(names: readonly string[], host: HostReads): Promise<Map<string, State>> {
  const shown = await host.run([
    "systemctl",
    "show",
    "--property=Id,Names,LoadState,ActiveState,UnitFileState,NeedDaemonReload",
    "--",
    ...names,
  ]);
  if (shown.code !== 0)
    throw new HavnError("systemd cannot be asked", {
      detail: `${shown.stderr.trim()} Units can be managed only where systemd runs and the agent is root.`,
    });
  return parseShow(shown.stdout);
}

async function readDropIns(
  address: Address,
  { name, dropIns = {} }: SystemdUnitProperties,
  host: HostReads,
): Promise<Pick<SystemdUnitObserved, "dropIns">> {
  const noted = host.noted(address) as { dropIns?: string[] } | undefined;
  const names = [...new Set([...Object.keys(dropIns), ...(noted?.dropIns ?? [])])];
  if (names.length === 0) return {};
  const texts = await Promise.all(
    names.map(async (one) => [one, await findText(dropInPath(name, one), host)] as const),
  );
  return {
    dropIns: Object.fromEntries(texts.flatMap(([one, text]) => (text === undefined ? [] : [[one, text]]))),
  };
}

type State = Pick<SystemdUnitObserved, "loadState" | "activeState" | "unitFileState" | "needsReload">;
const template: State = {
  loadState: "loaded",
  activeState: "inactive",
  unitFileState: "static",
  needsReload: false,
};
const notFound: State = {
  loadState: "not-found",
  activeState: "inactive",
  unitFileState: "",
  needsReload: false,
};

/** One block of `Key=value` lines a unit, parted by empty lines; a unit answers to its Id and to its aliases. */
export function parseShow(output: string): Map<string, State> {
  const states = new Map<string, State>();
  for (const block of output.split("\n\n")) {
    const values = new Map(
      block
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const),
    );
    const state: State = {
      loadState: values.get("LoadState") ?? "not-found",
      activeState: values.get("ActiveState") ?? "inactive",
      unitFileState: values.get("UnitFileState") ?? "",
      needsReload: values.get("NeedDaemonReload") === "yes",
    };
    for (const name of [values.get("Id") ?? "", ...(values.get("Names") ?? "").split(" ")])
      states.set(name, state);
  }
  return states;
}
