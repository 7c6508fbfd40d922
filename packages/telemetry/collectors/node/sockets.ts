import { type CollectedSample, sample } from "../sample.ts";

/** The fields that node_exporter tells unless it is told otherwise. */
const netstatFields =
  /^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$/;
const pageBytes = 4096;

const netstat = (name: string, value: string | undefined): CollectedSample[] =>
  netstatFields.test(name) ? [sample(`node_netstat_${name}`, Number(value))] : [];

/** /proc/net/netstat and /proc/net/snmp: a line of names, then one of their values. */
export function netstatTables(text: string): CollectedSample[] {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const [group = "", ...names] = line.trim().split(/\s+/);
    const values = lines[at + 1]?.trim().split(/\s+/) ?? [];
    if (at % 2 === 1 || values[0] !== group) return [];
    return names.flatMap((name, i) => netstat(`${group.slice(0, -1)}_${name}`, values[i + 1]));
  });
}

/** /proc/net/snmp6: `Ip6InOctets  5`. */
export const netstat6 = (text: string): CollectedSample[] =>
  [...text.matchAll(/^((?:Ip|Icmp|Udp|UdpLite)6)(\w+)\s+(\d+)$/gm)].flatMap(([, group, name, value]) =>
    netstat(`${group}_${name}`, value),
  );

/** /proc/net/sockstat and sockstat6: `TCP: inuse 5 mem 1`, memory in pages. */
export function sockstat(text: string): CollectedSample[] {
  return text.split("\n").flatMap((line) => {
    const [group = "", ...pairs] = line.trim().split(/\s+/);
    if (group === "") return [];
    return pairs.flatMap((key, at) => {
      if (at % 2 === 1) return [];
      const value = Number(pairs[at + 1]);
      const own = sample(`node_sockstat_${group.slice(0, -1)}_${key}`, value);
      return key === "mem" ? [own, { ...own, name: `${own.name}_bytes`, value: value * pageBytes }] : [own];
    });
  });
}

/** /proc/net/softnet_stat: a line of hexadecimal numbers for each processor. */
export function softnet(text: string): CollectedSample[] {
  return text.split("\n").flatMap((line, at) => {
    if (line === "") return [];
    const columns = line.split(/\s+/).map((word) => Number.parseInt(word, 16));
    const names = ["processed", "dropped", "times_squeezed"];
    return names.map((name, i) => sample(`node_softnet_${name}_total`, columns[i] ?? 0, { cpu: String(at) }));
  });
}

/** /proc/net/stat/nf_conntrack: names, then a line of hexadecimal numbers for each processor. */
export function conntrack(text: string): CollectedSample[] {
  const [head = "", ...lines] = text.trim().split("\n");
  const names = head.trim().split(/\s+/);
  const told = [
    "found",
    "invalid",
    "ignore",
    "insert",
    "insert_failed",
    "drop",
    "early_drop",
    "search_restart",
  ];
  return told.flatMap((name) => {
    const column = names.indexOf(name);
    if (column < 0) return [];
    const values = lines.map((line) => Number.parseInt(line.trim().split(/\s+/)[column] ?? "0", 16));
    return [
      sample(
        `node_nf_conntrack_stat_${name}`,
        values.reduce((a, b) => a + b, 0),
      ),
    ];
  });
}

/** /proc/net/arp, by device. */
export function arp(text: string): CollectedSample[] {
  const counts = new Map<string, number>();
  for (const line of text.split("\n").slice(1)) {
    const device = line.trim().split(/\s+/)[5];
    if (device) counts.set(device, (counts.get(device) ?? 0) + 1);
  }
  return [...counts].map(([device, count]) => sample("node_arp_entries", count, { device }));
}

/** /proc/net/udp and udp6: what waits to be sent and read, in bytes. */
export function udpQueues(ip: "v4" | "v6", text: string): CollectedSample[] {
  if (text === "") return [];
  let [tx, rx] = [0, 0];
  for (const [, sending, waiting] of text.matchAll(/^\s*\d+: \S+ \S+ \w\w (\w{8}):(\w{8})/gm)) {
    tx += Number.parseInt(sending ?? "0", 16);
    rx += Number.parseInt(waiting ?? "0", 16);
  }
  return [
    sample("node_udp_queues", tx, { ip, queue: "tx" }),
    sample("node_udp_queues", rx, { ip, queue: "rx" }),
  ];
}
