import { HavnError } from "@havn/model";
import { targetGroup } from "@havn/prometheus";
import { z } from "zod";
import type { TargetGroup } from "./discovery.ts";

const groups = z.array(targetGroup).max(100_000);

/** What files and answers of HTTP discovery hold: `[{ "targets": ["host:port"], "labels": { … } }]`. Throws a HavnError. */
export function readGroups(
  value: unknown,
  { what, meta }: { what: string; meta: Record<string, string> },
): TargetGroup[] {
  const parsed = groups.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue && issue.path.length > 0 ? ` (${issue.path.join(".")})` : "";
    throw new HavnError(`${what} holds no list of targets${where}: ${issue?.message ?? ""}`, { status: 502 });
  }
  return parsed.data.map(({ targets, labels = {} }) => ({
    targets: targets.map((address) => ({ __address__: address })),
    labels: { ...labels, ...meta },
  }));
}
