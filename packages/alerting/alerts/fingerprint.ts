import { createHash } from "node:crypto";
import { type Labels, labelsKey } from "@havn/model";

/** Stable for the same source of an alert and the same labels: 16 hex digits. */
export const fingerprint = (source: string, labels: Labels): string =>
  createHash("sha256")
    .update(`${source}\n${labelsKey(labels)}`)
    .digest("hex")
    .slice(0, 16);
