import { probeOf } from "../probes.ts";
import type { ResourceReader } from "../type.ts";
import type { WaitObserved, WaitProperties } from "./definition.ts";

const reader: ResourceReader<WaitProperties, WaitObserved> = {
  read: (resources, { probe }) =>
    Promise.all(resources.map(async ({ properties }) => ({ why: await probe(probeOf(properties)) }))),
};
export default reader;
