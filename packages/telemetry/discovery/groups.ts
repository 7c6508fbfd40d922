import { HavnError } from "@havn/model";
import { targetGroup } from "@havn/prometheus";
import { z } from "zod";
import type { TargetGroup } from "./discovery.ts";

const most = 100_000;
const groups = z.array(targetGroup).max(most);

/** What files and answers of HTTP discovery hold: `[{ "targets": ["host:port"], "labels": { … } }]`. Throws a HavnError. */
export function readGroups(
  value: unknown,
  { what, meta }: { what: string; meta: Record<string, string> },
): TargetGroup[] {
  // Before anything is made of them: an answer has room for millions.
  if (countTargets(value) > most)
    throw new HavnError(`${what} holds more than ${most} targets`, { status: 502 });
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

function countTargets(value: unknown): number {
  let count = 0;
  const given: unknown[] = Array.isArray(value) ? value : [];
  for (const group of given) {
    const targets = (group as { targets?: unknown } | null)?.targets;
    if (Array.isArray(targets)) count += targets.length;
  }
  return count;
}
