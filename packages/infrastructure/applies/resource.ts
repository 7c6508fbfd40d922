import { type Address, HavnError, type Resource } from "@havn/model";
import { dependenciesOf } from "@havn/plan";
import { isOutage } from "@havn/postgres";
import type { ApplyContext, Steps } from "../interfaces.ts";
import { type Applying, record } from "./record.ts";

/** One resource that the control plane makes real or removes. Gives its address where that failed or was skipped. */
export async function applyResource(
  applying: Applying,
  address: Address,
  stopped: ReadonlySet<Address>,
): Promise<Address[]> {
  const { run, progress } = applying;
  if (stopped.has(address)) {
    await skip(applying, address, { addresses: [address], stopped });
    return [address];
  }
  progress.running(address);
  const error = await run.step(`${address}: outcome`, () => attempt(applying, address));
  if (error !== null) {
    await end(applying, address, [{ address, error }]);
    return [address];
  }
  const isDelete = applying.changes.get(address)?.action === "delete";
  await record(applying, address, isDelete ? { remove: [address] } : { put: [address] });
  await end(applying, address, [{ address }]);
  return [];
}

/** Null when it succeeded; else what a person needs to know. The outcome is a step: it stays what it was. */
async function attempt(applying: Applying, address: Address): Promise<string | null> {
  const { options, apply, progress, changes, desired, prior } = applying;
  const change = changes.get(address);
  const resource = desired.get(address) ?? prior.get(address);
  if (!change || !resource) return "it is not part of the plan";
  const context: ApplyContext = {
    applyId: apply.id,
    actor: apply.actor,
    tell: (detail) => progress.detail(address, detail),
  };
  const executor = options.executors().find(({ types }) => types.includes(resource.type));
  if (!executor) return `no executor takes resources of type "${resource.type}"`;
  const steps = stepsOf(applying, address);
  try {
    if (change.action === "delete") await executor.remove(steps, resource, context);
    else await executor.apply(steps, change, resource, context);
    return null;
  } catch (error) {
    // Not the resource's failure: the step waits until the database is back, and tries again.
    if (isOutage(error)) throw error;
    return describeFailure(error);
  }
}

/** Executors name their steps within their resource; here each has a name of its own in the whole apply. */
const stepsOf = ({ run }: Applying, address: Address): Steps => ({
  id: run.id,
  step: (name, work, options) => run.step(`${address}: ${name}`, work, options),
});

export const describeFailure = (error: unknown): string =>
  error instanceof HavnError
    ? [error.message, error.detail].filter(Boolean).join(". ")
    : error instanceof Error
      ? error.message
      : String(error);

/** Ends the steps of `outcomes`, in the store and for those who watch. */
export async function end(
  applying: Applying,
  what: string,
  outcomes: readonly {
    address: Address;
    error?: string | undefined;
    detail?: string | undefined;
    skipped?: boolean;
    durationMs?: number;
    outcome?: "changed" | "unchanged";
  }[],
): Promise<void> {
  const { run, progress } = applying;
  for (const { address, error, detail, skipped, durationMs, outcome } of outcomes)
    progress.ended(address, {
      state: skipped ? "skipped" : error === undefined ? "done" : "failed",
      ...(error !== undefined && { error }),
      ...(detail !== undefined && { detail }),
      ...(durationMs !== undefined && { durationMs }),
      ...(outcome && { outcome }),
    });
  await run.step(`end ${what}`, () => progress.write(outcomes.map(({ address }) => address)));
}

/** Ends steps that cannot be taken, each with the name of what stands in its way. */
export async function skip(
  applying: Applying,
  what: string,
  { addresses, stopped }: { addresses: readonly Address[]; stopped: ReadonlySet<Address> },
): Promise<void> {
  await end(
    applying,
    `what is skipped of ${what}`,
    addresses.map((address) => ({
      address,
      skipped: true,
      detail: whySkipped(applying, address, stopped),
    })),
  );
}

function whySkipped(applying: Applying, address: Address, stopped: ReadonlySet<Address>): string {
  const host = applying.changes.get(address)?.host;
  const halted = host === undefined ? undefined : applying.halted.get(host);
  return halted ?? `waits for ${blockerOf(applying, address, stopped)}`;
}

function blockerOf({ desired, prior }: Applying, address: Address, stopped: ReadonlySet<Address>): string {
  const wanted: Resource | undefined = desired.get(address);
  const before = wanted
    ? dependenciesOf(wanted)
    : [...prior.values()]
        .filter((user) => dependenciesOf(user).includes(address))
        .map((user) => user.address);
  return before.find((one) => stopped.has(one)) ?? "what failed before";
}
