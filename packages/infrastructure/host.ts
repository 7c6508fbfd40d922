import { join } from "node:path";
import type { HostDesired, ResourceReading, ResourceReport, UndoReading } from "@havn/fleet/protocol";
import type { Address, Clock, FactSource, GatheredFact, Inventory, Resource } from "@havn/model";
import { masked } from "@havn/plan";
import { findDefinition } from "./definitions.ts";
import { applyBundle, type Bundle, type ControlPlane, type Progress } from "./host/bundle.ts";
import { runCommand } from "./host/commands.ts";
import { createFacts } from "./host/facts/facts.ts";
import { prepare } from "./host/facts/prepare.ts";
import { type InventoryAsked, takeInventory } from "./host/inventory/index.ts";
import { secretValues } from "./host/mask.ts";
import { openMemory } from "./host/memory.ts";
import { entriesOf, openReads, type Secrets, shown } from "./host/read.ts";
import { simulate } from "./host/simulate.ts";
import { createTurns } from "./host/turns.ts";
import { openBlobs } from "./host/undo/blobs.ts";
import { openUndoJournal } from "./host/undo/journal.ts";
import { readUndo, type UndoQuestion } from "./host/undo/look.ts";
import { applyUndo, type UndoBundle } from "./host/undo/revert.ts";
import { findEvidence, readChangeFacts, type Trace } from "./host/who-changed.ts";

export type { Bundle, ControlPlane, Progress } from "./host/bundle.ts";
export { parseOsRelease } from "./host/facts/os-release.ts";
export { createMending, type Fight, isDeclared, type Mending, mendingBundle } from "./host/mending.ts";
export { type ResourceWatch, watchResources } from "./host/watch/index.ts";
export { checkWay } from "./host/way.ts";

/** The agent's half: what resources are on this host, and making them as they shall be. */
export interface ResourceHost {
  /**
   * Compares each with the host, in the order given, as earlier ones will have left it; changes nothing. A resource that
   * cannot be read has `error`. What `remove` names is gone by then, where it stands earlier in `order`; nothing is told
   * of it. None of `secretValues` is told in any text.
   */
  read(resources: readonly Resource[], secrets: Secrets, further?: Further): Promise<ResourceReading[]>;
  /**
   * Makes the resources real, one bundle at a time. The same `bundleId` again joins it, goes on with it after a crash,
   * or gives its reports once more. Never throws for a resource that fails: its report tells.
   */
  apply(bundle: Bundle, onProgress?: Progress): Promise<ResourceReport[]>;
  /** What taking back what an apply did to these resources would do, and what it cannot; changes nothing. */
  readUndo(question: UndoQuestion): Promise<UndoReading[]>;
  /** Takes it back, the last change first. As `apply`: idempotent by `bundleId`, and never throws for one resource. */
  applyUndo(bundle: UndoBundle, onProgress?: Progress): Promise<ResourceReport[]>;
  /** Those that are not as wanted, or cannot be read. Waits for a bundle that is under way. */
  drift(
    desired: Pick<HostDesired, "resources" | "secrets"> & Partial<Pick<HostDesired, "secretValues">>,
  ): Promise<ResourceReading[]>;
  /** What is here beside what the distribution put here, declared or not; of some kinds only with `only`. */
  inventory(asked?: InventoryAsked): Promise<Inventory>;
  /** By name; `defined` are those of configurations. What is known and not too old is given again. */
  facts(names: readonly string[], defined?: Readonly<Record<string, FactSource>>): Promise<GatheredFact[]>;
  /**
   * What the host's own records tell of who changed each of `drifted`, as evidence for people. What mending would wipe
   * away is read before the outer promise resolves; the inner ones never throw and end within seconds.
   */
  whoChanged(
    drifted: readonly Resource[],
    desired: Pick<HostDesired, "resources" | "secrets" | "secretValues">,
  ): Promise<Map<Address, Promise<string[]>>>;
}

/** What a bundle has beside the resources that are declared. */
interface Further {
  secretValues?: readonly string[] | undefined;
  remove?: readonly Resource[] | undefined;
  order?: readonly Address[] | undefined;
}

/** Evidence is for people, who read no more of it at once. */
const mostExplained = 20;

/** `stateDirectory` belongs to the agent alone: journals of bundles, restarts that are due. Made if it is not there. */
export async function createResourceHost(options: {
  stateDirectory: string;
  clock: Clock;
  /** Changes that could cut the host off are refused without it. */
  controlPlane?: ControlPlane;
}): Promise<ResourceHost> {
  const { stateDirectory, clock, controlPlane } = options;
  const memory = await openMemory(stateDirectory);
  const facts = createFacts({ clock, run: runCommand });
  const blobs = await openBlobs(join(stateDirectory, "undo", "contents"));
  const undo = { blobs, journal: await openUndoJournal(join(stateDirectory, "undo"), { blobs, clock }) };
  const underWay = new Map<string, Promise<ResourceReport[]>>();
  const turns = createTurns({ clock });

  async function compareAll(
    resources: readonly Resource[],
    secrets: Secrets,
    { secretValues: values, remove = [], order }: Further = {},
  ): Promise<(ResourceReading & { everyTime: boolean })[]> {
    const hidden = secretValues([...resources, ...remove], secrets, values);
    const host = openReads(memory);
    const entries = await prepare(entriesOf({ resources, remove, order }), facts, host);
    const declared = (await simulate(entries, host)).filter(({ wanted }) => wanted === "present");
    return declared.map((one) => ({
      address: one.resource.address,
      ...shown(one, secrets, { hidden, values }),
      ...(one.certainty && { certainty: one.certainty }),
      ...(one.cloud !== undefined && { reason: `${one.cloud}, which runs before, may change it` }),
      ...(one.skipped !== undefined && { skipped: masked(one.skipped, hidden) }),
      ...(one.error !== undefined && { error: masked(one.error, hidden) }),
      everyTime: one.plan?.everyTime === true,
    }));
  }

  const asRead = ({ everyTime, ...reading }: ResourceReading & { everyTime: boolean }): ResourceReading => ({
    ...reading,
    ...(everyTime && { everyTime }),
  });

  return {
    read: async (...params) => (await compareAll(...params)).map(asRead),
    apply(bundle, onProgress = () => {}) {
      const joined = underWay.get(bundle.bundleId);
      if (joined) return joined;
      const { bundleId } = bundle;
      const applying = turns
        .take(
          bundleId,
          () => applyBundle(bundle, { memory, clock, stateDirectory, undo, controlPlane, facts, onProgress }),
          (before) => onProgress({ bundleId, waitsFor: before ?? null }),
        )
        .finally(() => underWay.delete(bundleId));
      underWay.set(bundleId, applying);
      return applying;
    },
    inventory: (asked) => takeInventory(openReads(memory), { ...asked, clock }),
    facts: (names, defined = {}) =>
      Promise.all(
        names.map((name) => facts.gather(name, Object.hasOwn(defined, name) ? defined[name] : undefined)),
      ),
    readUndo: (question) => readUndo({ ...question, hidden: secretValues([], {}, question.hidden) }, undo),
    applyUndo(bundle, onProgress = () => {}) {
      const { bundleId } = bundle;
      const joined = underWay.get(bundleId);
      if (joined) return joined;
      const work = () =>
        applyUndo(
          { ...bundle, hidden: secretValues([], {}, bundle.hidden) },
          {
            ...{ ...undo, memory, clock, stateDirectory },
            operations: (address) => ({
              ...{ note: async () => {}, settle: async () => {} },
              reach: controlPlane?.reach,
              certify: controlPlane && ((request) => controlPlane.certify(address, request)),
            }),
            tell: (address, state) => onProgress({ bundleId, address, state }),
          },
        );
      const applying = turns
        .take(bundleId, work, (before) => onProgress({ bundleId, waitsFor: before ?? null }))
        .finally(() => underWay.delete(bundleId));
      underWay.set(bundleId, applying);
      return applying;
    },
    drift: ({ resources, secrets, secretValues: values }) =>
      turns.take("a look for drift", async () =>
        (await compareAll(resources, secrets, { secretValues: values }))
          .filter(({ action, error, everyTime }) => !everyTime && (action !== "no-op" || error !== undefined))
          .map(asRead),
      ),
    async whoChanged(drifted, { resources, secrets, secretValues: values }) {
      const now = clock.now();
      const hidden = secretValues(resources, secrets, values);
      const searched = new Map<number, Promise<Trace[]>>();
      const found = new Map<Address, Promise<string[]>>();
      for (const { address, type, properties } of drifted.slice(0, mostExplained)) {
        const { paths, watches, units } = findDefinition(type) ?? {};
        // A unit changes without its files: what is near is near to now.
        const own = units ? [] : [...(paths?.(properties) ?? []), ...(watches?.(properties) ?? [])];
        const known = await readChangeFacts(
          own.filter((path) => typeof path === "string" && /^\/.*[^/]$/.test(path)),
        );
        const told = paths ? known : { ...known, files: [] };
        found.set(
          address,
          findEvidence(told, now, searched).then((texts) => masked(texts, hidden)),
        );
      }
      return found;
    },
  };
}
