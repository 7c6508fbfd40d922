import { triggersOf } from "../running.ts";
import type { ResourceReader } from "../type.ts";
import type { HttpObserved, HttpProperties } from "./definition.ts";

const reader: ResourceReader<HttpProperties, HttpObserved> = {
  read: (resources, { probe, pending }) =>
    Promise.all(
      resources.map(async ({ address, properties }) => {
        const { unless } = properties;
        return {
          done: unless !== undefined && (await probe({ kind: "http", ...unless })) === undefined,
          pending: pending(address, triggersOf(properties)),
        };
      }),
    ),
};
export default reader;
