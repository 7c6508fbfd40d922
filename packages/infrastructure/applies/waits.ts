import type { ApplyWait } from "@havn/model";
import type { Applying } from "./record.ts";
import * as applyStore from "./store.ts";

const lookForDrift = "a look for drift";

/**
 * Shows what an apply waits for on a host, and writes it to the timeline, once for each. `before`: as the agent says it;
 * `isSo`: whether it still does.
 */
export async function tellOfWait(
  { apply, options, progress }: Applying,
  { host, before, isSo }: { host: string; before: string; isSo(): boolean },
): Promise<void> {
  const wait = await waitedFor(before, options);
  if (isSo()) progress.waits(host, wait);
  // Over in a moment, and nobody's doing.
  if (wait.for === lookForDrift) return;
  const whose = wait.actor === undefined ? "" : ` of ${wait.actor}`;
  await options.timeline.write({
    kind: "apply.waiting",
    key: `${apply.id}/waiting/${host}/${wait.for}`,
    environment: apply.environment,
    summary: `The ${apply.kind} of ${apply.environment} waits on ${host}, which is still at work on ${wait.for}${whose}`,
    data: { applyId: apply.id, host, for: wait.for },
    actor: apply.actor,
  });
}

/** Bundles of an apply are called as the apply, its host and their number. */
async function waitedFor(
  before: string,
  { sql }: Applying["options"],
): Promise<Pick<ApplyWait, "for" | "actor">> {
  if (before.startsWith("enforce-")) return { for: "enforcement" };
  const [id = ""] = before.split("/");
  const apply = id.startsWith("apply-") ? await applyStore.findApply(sql, id) : undefined;
  return apply ? { for: apply.id, actor: apply.actor } : { for: lookForDrift };
}
