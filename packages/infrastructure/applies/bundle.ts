import { type AgentResult, bundleProgress } from "@havn/fleet/protocol";
import { type Address, formatAddress, HavnError, parseAddress } from "@havn/model";
import { isOutage } from "@havn/postgres";
import { secretPathsOf, secretValuesOf } from "../planning/read-hosts.ts";
import * as store from "../store.ts";
import { expectedOf } from "./expected.ts";
import { type Applying, record } from "./record.ts";
import { describeFailure, end, skip } from "./resource.ts";
import { tellOfWait } from "./waits.ts";

export interface HostWave {
  /** Name of the host. */
  host: string;
  /** In order of application. */
  keys: readonly Address[];
  /** Number of the wave. */
  index: number;
  stopped: ReadonlySet<Address>;
}

type BundleAnswer = AgentResult<"bundle.apply">;
type Outcome = {
  address: Address;
  error?: string | undefined;
  skipped?: boolean;
  detail?: string | undefined;
  durationMs?: number;
  outcome?: "changed" | "unchanged";
  touched?: store.Touched;
};

/**
 * What is to be done on one host in one wave: one bundle, one call. Gives the addresses that failed or were skipped.
 */
export async function applyBundle(applying: Applying, wave: HostWave): Promise<Address[]> {
  const { run, changes, progress } = applying;
  const what = `wave ${wave.index} on ${wave.host}`;
  const blocked = wave.keys.filter((address) => wave.stopped.has(address));
  if (blocked.length > 0) await skip(applying, what, { addresses: blocked, stopped: wave.stopped });
  const going = wave.keys.filter((address) => !wave.stopped.has(address));
  if (going.length === 0) return blocked;
  for (const address of going) progress.running(address);
  // The outcome is a step: it stays what it was, whatever a second try after a crash would give.
  const outcomes = await run.step(`outcome of ${what}`, () => attempt(applying, wave, going));
  const isDelete = (address: Address) => changes.get(address)?.action === "delete";
  const done = outcomes
    .filter(({ error, skipped }) => error === undefined && !skipped)
    .map(({ address }) => address);
  await record(applying, what, {
    put: done.filter((address) => !isDelete(address)),
    remove: done.filter(isDelete),
    touched: new Map(outcomes.flatMap(({ address, touched }) => (touched ? [[address, touched]] : []))),
  });
  await end(applying, what, outcomes);
  return [...blocked, ...going.filter((address) => !done.includes(address))];
}

async function attempt(applying: Applying, wave: HostWave, going: readonly Address[]): Promise<Outcome[]> {
  const onlyDeletes = going.every((address) => applying.changes.get(address)?.action === "delete");
  if (onlyDeletes && goesAway(applying, wave.host))
    return going.map((address) => ({ address, detail: "goes with its host" }));
  try {
    const answer = await send(applying, wave, going);
    return going.map((address) => outcomeOf(address, answer));
  } catch (error) {
    if (isOutage(error)) throw error;
    return going.map((address) => ({ address, error: describeFailure(error) }));
  }
}

/**
 * Whether removing things from the host one by one is idle: its machine goes as a whole, or it goes and nobody is
 * there to remove anything.
 */
function goesAway({ changes, prior, apply, options }: Applying, host: string): boolean {
  const address = formatAddress({ environment: apply.environment, type: "host", name: host });
  if (changes.get(address)?.action !== "delete") return false;
  const via = prior.get(address)?.properties.via as { machine?: string } | undefined;
  const machine =
    via?.machine && formatAddress({ ...parseAddress(address), type: "machine", name: via.machine });
  return (
    (machine !== undefined && changes.get(machine)?.action === "delete") || !options.hostConnected(address)
  );
}

/** What the host takes back from its own records goes first, by itself; all else is made as it is declared. */
async function send(applying: Applying, wave: HostWave, going: readonly Address[]): Promise<BundleAnswer> {
  const undo = new Set(applying.revert?.undo);
  const undone = going.filter((address) => undo.has(address));
  const made = going.filter((address) => !undo.has(address));
  const answers = [
    ...(undone.length > 0 ? [await sendUndo(applying, wave, undone)] : []),
    ...(made.length > 0 ? [await sendBundle(applying, wave, made)] : []),
  ];
  return { reports: answers.flatMap(({ reports }) => reports) };
}

async function sendUndo(applying: Applying, wave: HostWave, addresses: Address[]): Promise<BundleAnswer> {
  const { run, options, apply, desired, prior, revert } = applying;
  const host = formatAddress({ environment: apply.environment, type: "host", name: wave.host });
  const params = {
    bundleId: `${apply.id}/${wave.host}/${wave.index}/undo`,
    applyId: revert?.applyId ?? "",
    addresses,
    secretValues: secretValuesOf(
      [...desired.values(), ...prior.values()].filter((resource) => resource.host === wave.host),
    ),
  };
  return run.step(
    `take back wave ${wave.index} on ${wave.host}`,
    () =>
      options.hosts
        .call(host, "undo.apply", params, { onProgress: tellProgress(applying, wave.host) })
        .catch(giveUpWhenHung)
        .finally(() => applying.progress.waits(wave.host, undefined)),
    { retries: 12 },
  );
}

/** What an agent tells while its bundle goes on; a newer one may tell more. */
function tellProgress(applying: Applying, host: string) {
  let before: string | null = null;
  return (told: unknown): void => {
    const progress = bundleProgress.safeParse(told).data;
    if (!progress) return;
    if ("address" in progress) {
      applying.progress.detail(progress.address, progress.state);
      return;
    }
    const now = progress.waitsFor;
    before = now;
    if (now === null) applying.progress.waits(host, undefined);
    // What is shown is not worth failing an apply for.
    else void tellOfWait(applying, { host, before: now, isSo: () => before === now }).catch(() => {});
  };
}

async function sendBundle(
  applying: Applying,
  wave: HostWave,
  going: readonly Address[],
): Promise<BundleAnswer> {
  const { run, options, apply, desired, prior } = applying;
  const present = going.map((address) => desired.get(address)).filter((found) => found !== undefined);
  const remove = going
    .filter((address) => !desired.has(address))
    .map((address) => prior.get(address))
    .filter((found) => found !== undefined);
  const host = formatAddress({ environment: apply.environment, type: "host", name: wave.host });
  const params = {
    bundleId: `${apply.id}/${wave.host}/${wave.index}`,
    resources: present,
    remove,
    order: [...going],
    secrets: secretPathsOf([...present, ...remove]),
    secretValues: secretValuesOf(
      [...desired.values(), ...prior.values()].filter((resource) => resource.host === wave.host),
    ),
  };
  const { expectations } = options;
  return run.step(
    `apply wave ${wave.index} on ${wave.host}`,
    async () => {
      const expected = expectedOf({
        ...{ id: params.bundleId, environment: apply.environment, host: wave.host, what: apply.kind },
        resources: [...desired.values()].filter((resource) => resource.host === wave.host),
        going: new Set(going),
      });
      for (const one of expected) await expectations?.expect(one);
      const removed = remove.map(({ address }) => address);
      const touched = removed.length > 0 ? await store.listTouched(options.sql, removed) : {};
      const onProgress = tellProgress(applying, wave.host);
      return options.hosts
        .call(host, "bundle.apply", { ...params, touched }, { onProgress })
        .then(async (answer) => {
          const failed = answer.reports.some(({ state }) => state === "failed");
          await expectations?.over(params.bundleId, { failed });
          return answer;
        })
        .catch(giveUpWhenHung)
        .finally(() => applying.progress.waits(wave.host, undefined));
    },
    { retries: 12 },
  );
}

/** A connection that fell is worth a retry; an agent that had the longest time a call may take is not. */
function giveUpWhenHung(error: unknown): never {
  if (!(error instanceof HavnError && error.status === 504)) throw error;
  throw new HavnError(error.message, {
    detail:
      "Its agent is connected, but what it was asked does not end. See what runs there, then apply again.",
    status: 504,
    cause: error,
  });
}

function outcomeOf(address: Address, { reports }: BundleAnswer): Outcome {
  const report = reports.find((one) => one.address === address);
  if (!report) return { address, error: "the agent gave no report of it" };
  const { durationMs } = report;
  switch (report.state) {
    case "unchanged":
    case "changed":
      if (report.skipped !== undefined) return { address, detail: `left as it is: ${report.skipped}` };
      return {
        ...{ address, durationMs, outcome: report.state },
        ...(report.state === "changed" && { touched: report.created ? "created" : "changed" }),
        detail: report.output?.trim().split("\n").at(-1)?.slice(0, 200) || undefined,
      };
    case "skipped":
      return { address, skipped: true, detail: report.error };
    case "failed":
      return { address, durationMs, error: report.error ?? "failed" };
  }
}
