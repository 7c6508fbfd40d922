import type { HostDesired } from "@havn/fleet/protocol";
import type { Mending, ResourceWatch } from "@havn/infrastructure/host";
import { type Enforcement, findPause } from "@havn/model";
import type { Book } from "./resources-book.ts";
import type { Sample } from "./resources-counts.ts";
import { modeOf } from "./resources-mend.ts";

/** What is measured of resources and of looking after them, as it is now. */
export function gaugesOf({
  desired,
  book,
  mending,
  watch,
  now,
}: {
  desired: HostDesired | undefined;
  book: Book;
  mending: Mending;
  watch: ResourceWatch;
  now: number;
}): Sample[] {
  const gauge = (name: string, value: number, labels: Record<string, string> = {}): Sample => ({
    name,
    labels,
    value,
  });
  const modes = new Map(desired?.resources.map((resource) => [resource.address, modeOf(resource, desired)]));
  const inMode = (mode: Enforcement) =>
    book.addresses().filter((address) => modes.get(address) === mode).length;
  const { directories, unwatched, units } = watch.stats();
  const checkedAt = book.checkedAt();
  return [
    gauge("havn_drifted_resources", inMode("enforce"), { mode: "enforce" }),
    gauge("havn_drifted_resources", inMode("noop"), { mode: "noop" }),
    gauge("havn_fought_resources", mending.fights(now, book.has).length),
    gauge("havn_managed_resources", desired?.resources.length ?? 0),
    gauge("havn_enforcement_paused", desired && findPause(now, desired) !== undefined ? 1 : 0),
    gauge("havn_watched_directories", directories),
    gauge("havn_unwatched_directories", unwatched),
    gauge("havn_watching_units", units ? 1 : 0),
    ...(checkedAt === undefined ? [] : [gauge("havn_drift_checked_timestamp_seconds", checkedAt / 1000)]),
  ];
}
