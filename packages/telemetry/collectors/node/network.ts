import { type CollectedSample, sample } from "../sample.ts";

const received = ["bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast"];
const sent = ["bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed"];

/** /proc/net/dev: the counters of each device, received ones first. */
export function networkDevices(text: string): CollectedSample[] {
  return [...text.matchAll(/^\s*([^\s|]+):\s*(.+)$/gm)].flatMap(([, device = "", counts = ""]) => {
    const values = counts.trim().split(/\s+/).map(Number);
    return [
      ...received.map((name, at) =>
        sample(`node_network_receive_${name}_total`, values[at] ?? 0, { device }),
      ),
      ...sent.map((name, at) =>
        sample(`node_network_transmit_${name}_total`, values[at + 8] ?? 0, { device }),
      ),
    ];
  });
}

/** /sys/class/net/<device>; `read` gives the trimmed text of one of its files, "" where there is none. */
export function networkInterface(device: string, read: (name: string) => string): CollectedSample[] {
  const state = read("operstate");
  if (state === "") return [];
  const samples = [sample("node_network_up", state === "up" ? 1 : 0, { device })];
  const mtu = read("mtu");
  if (mtu !== "") samples.push(sample("node_network_mtu_bytes", Number(mtu), { device }));
  const megabits = Number(read("speed") || -1);
  // Virtual devices have none and say -1.
  if (megabits > 0) samples.push(sample("node_network_speed_bytes", (megabits * 1_000_000) / 8, { device }));
  return samples;
}
