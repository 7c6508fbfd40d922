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
  for (const [file, name] of Object.entries(attributes)) {
    const text = read(file);
    const value = Number(text);
    if (text !== "" && Number.isFinite(value))
      samples.push(sample(`node_network_${name}`, value, { device }));
  }
  const [address, broadcast, duplex, ifalias] = ["address", "broadcast", "duplex", "ifalias"].map(read);
  const words = {
    address: address ?? "",
    broadcast: broadcast ?? "",
    duplex: duplex ?? "",
    ifalias: ifalias ?? "",
  };
  samples.push(sample("node_network_info", 1, { device, operstate: state, ...words }));
  return samples;
}

/** Files of /sys/class/net/<device> → what their number is called. */
const attributes: Readonly<Record<string, string>> = {
  addr_assign_type: "address_assign_type",
  carrier: "carrier",
  carrier_changes: "carrier_changes_total",
  carrier_down_count: "carrier_down_changes_total",
  carrier_up_count: "carrier_up_changes_total",
  dev_id: "device_id",
  dormant: "dormant",
  flags: "flags",
  ifindex: "iface_id",
  iflink: "iface_link",
  link_mode: "iface_link_mode",
  name_assign_type: "name_assign_type",
  netdev_group: "net_dev_group",
  tx_queue_len: "transmit_queue_length",
  type: "protocol_type",
};
