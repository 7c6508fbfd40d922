import type { Labels } from "@havn/model";

/** One value read now; `labels` are the metric's own, without those of the host. */
export interface CollectedSample {
  name: string;
  labels: Labels;
  value: number;
}

export function sample(name: string, value: number, labels: Labels = {}): CollectedSample {
  return { name, labels, value };
}
