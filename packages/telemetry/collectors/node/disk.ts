import { type CollectedSample, sample } from "../sample.ts";

/** Partitions, loops and the like are left out, as in node_exporter. */
const ignored = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;
const sectorBytes = 512;
const perMillisecond = 1 / 1000;

/** Fields of a device in order, from the fourth column on (Documentation/admin-guide/iostats.rst). */
const fields: readonly [name: string, scale: number][] = [
  ["node_disk_reads_completed_total", 1],
  ["node_disk_reads_merged_total", 1],
  ["node_disk_read_bytes_total", sectorBytes],
  ["node_disk_read_time_seconds_total", perMillisecond],
  ["node_disk_writes_completed_total", 1],
  ["node_disk_writes_merged_total", 1],
  ["node_disk_written_bytes_total", sectorBytes],
  ["node_disk_write_time_seconds_total", perMillisecond],
  ["node_disk_io_now", 1],
  ["node_disk_io_time_seconds_total", perMillisecond],
  ["node_disk_io_time_weighted_seconds_total", perMillisecond],
  ["node_disk_discards_completed_total", 1],
  ["node_disk_discards_merged_total", 1],
  ["node_disk_discarded_sectors_total", 1],
  ["node_disk_discard_time_seconds_total", perMillisecond],
  ["node_disk_flush_requests_total", 1],
  ["node_disk_flush_requests_time_seconds_total", perMillisecond],
];

/** /proc/diskstats */
export function diskstats(text: string): CollectedSample[] {
  return text.split("\n").flatMap((line) => {
    const [, , device, ...values] = line.trim().split(/\s+/);
    if (!device || ignored.test(device)) return [];
    return fields
      .slice(0, values.length)
      .map(([name, scale], at) => sample(name, divide(Number(values[at]), scale), { device }));
  });
}

/** 123 / 1000 rather than 123 * 0.001: the nearest number to the decimal one. */
function divide(value: number, scale: number): number {
  return scale === perMillisecond ? value / 1000 : value * scale;
}
