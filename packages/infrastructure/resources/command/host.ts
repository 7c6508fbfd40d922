import { type GuardsObserved, readGuards } from "../running.ts";
import type { ResourceReader } from "../type.ts";
import type { CommandProperties } from "./definition.ts";

const reader: ResourceReader<CommandProperties, GuardsObserved> = {
  read: (resources, host) =>
    Promise.all(
      resources.map(({ address, properties }) => readGuards(address, properties, host, properties)),
    ),
};
export default reader;
