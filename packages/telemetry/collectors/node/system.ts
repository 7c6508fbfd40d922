import { type CollectedSample, sample } from "../sample.ts";

const named = (name: string, text: string): CollectedSample[] =>
  text.trim() === "" ? [] : [sample(name, Number(text))];

/** Single numbers of the kernel; `read` gives "" where there is none. */
export function kernelNumbers(read: (path: string) => string): CollectedSample[] {
  return [
    ...named("node_entropy_available_bits", read("proc/sys/kernel/random/entropy_avail")),
    ...named("node_entropy_pool_size_bits", read("proc/sys/kernel/random/poolsize")),
    ...named("node_nf_conntrack_entries", read("proc/sys/net/netfilter/nf_conntrack_count")),
    ...named("node_nf_conntrack_entries_limit", read("proc/sys/net/netfilter/nf_conntrack_max")),
  ];
}

const osFields = [
  ...["build_id", "id", "id_like", "image_id", "image_version", "name", "pretty_name"],
  ...["variant", "variant_id", "version", "version_codename", "version_id"],
];

/** /etc/os-release */
export function operatingSystem(text: string): CollectedSample[] {
  if (text === "") return [];
  const fields = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(/^(\w+)=["']?(.*?)["']?$/gm))
    fields.set(name.toLowerCase(), value);
  const labels = Object.fromEntries(osFields.map((name) => [name, fields.get(name) ?? ""]));
  const version = Number(/^\d+(\.\d+)?/.exec(fields.get("version_id") ?? "")?.[0]);
  const { id = "", id_like = "", name = "" } = labels;
  return [
    sample("node_os_info", 1, labels),
    ...(Number.isFinite(version) ? [sample("node_os_version", version, { id, id_like, name })] : []),
  ];
}

/** What the kernel takes its time from. */
export function clockSources(available: string, current: string): CollectedSample[] {
  const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
  const info = (kind: string, clocksource: string) =>
    sample(`node_time_clocksource_${kind}_info`, 1, { clocksource, device: "0" });
  return [
    ...words(available).map((word) => info("available", word)),
    ...words(current).map((word) => info("current", word)),
  ];
}

/** The host's own time zone, as it is now. */
export function timeZone(now: number): CollectedSample {
  const date = new Date(now);
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(date);
  const time_zone = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return sample("node_time_zone_offset_seconds", -date.getTimezoneOffset() * 60, { time_zone });
}
