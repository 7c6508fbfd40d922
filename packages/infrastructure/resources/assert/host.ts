import { probeOf } from "../probes.ts";
import type { ResourceReader } from "../type.ts";
import type { AssertObserved, AssertProperties } from "./definition.ts";

const reader: ResourceReader<AssertProperties, AssertObserved> = {
  read: (resources, { probe }) =>
    Promise.all(resources.map(async ({ properties }) => ({ why: await probe(probeOf(properties)) }))),
};
export default reader;
