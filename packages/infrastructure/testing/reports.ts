import assert from "node:assert/strict";
import type { ResourceReport } from "@havn/fleet/protocol";
import { type HostHandle, host } from "havn";

/** The machine of a lab test, as a configuration declares it. */
export const web = (): HostHandle => host("web-1", { ssh: { address: "10.0.0.1" } });

/** A package may be in the image already. */
export const ofHavn = (reports: readonly ResourceReport[]): ResourceReport[] =>
  reports.filter(({ address }) => !address.includes("/package/"));

export function allAre(reports: readonly ResourceReport[], state: ResourceReport["state"]): void {
  const others = reports.filter((report) => report.state !== state);
  assert.deepEqual(
    others.map(
      ({ address, state, error }) => `${address.split("/")[1]} ${state}${error ? `: ${error}` : ""}`,
    ),
    [],
  );
}
