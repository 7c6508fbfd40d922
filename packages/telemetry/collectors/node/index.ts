import { readdirSync, readFileSync } from "node:fs";
import { machine } from "node:os";
import { join } from "node:path";
import { type CollectedSample, sample } from "../sample.ts";
import { diskstats } from "./disk.ts";
import { filesystems, type StatFs } from "./filesystem.ts";
import { collectMacos } from "./macos.ts";
import { networkDevices, networkInterface } from "./network.ts";
import { fileHandles, loadAverage, memory, pressure, stat, vmstat } from "./proc.ts";
import { arp, conntrack, netstat6, netstatTables, sockstat, softnet, udpQueues } from "./sockets.ts";
import { clockSources, kernelNumbers, operatingSystem, timeZone } from "./system.ts";

export interface NodeCollector {
  /** What there is to read now; `now` in milliseconds. A file that is missing leaves its metrics out. */
  collect(now: number): Promise<CollectedSample[]>;
}

export interface NodeCollectorOptions {
  /** Where proc/ and sys/ are; "/" unless a test has its own. */
  root?: string;
  statfs?: StatFs;
}

const clocks = "sys/devices/system/clocksource/clocksource0";

/** Metrics of this computer under the names and labels of Prometheus' node_exporter. */
export function createNodeCollector({ root = "/", statfs }: NodeCollectorOptions = {}): NodeCollector {
  if (process.platform !== "linux" && root === "/") return { collect: async (now) => collectMacos(now) };
  const readFilesystems = filesystems(statfs);
  const read = (path: string): string => {
    try {
      return readFileSync(join(root, path), "utf8");
    } catch {
      return "";
    }
  };
  return {
    async collect(now) {
      return [
        ...stat(read("proc/stat")),
        ...memory(read("proc/meminfo")),
        ...loadAverage(read("proc/loadavg")),
        ...fileHandles(read("proc/sys/fs/file-nr")),
        ...vmstat(read("proc/vmstat")),
        ...["cpu", "io", "memory"].flatMap((resource) =>
          pressure(resource, read(`proc/pressure/${resource}`)),
        ),
        ...diskstats(read("proc/diskstats")),
        ...networkDevices(read("proc/net/dev")),
        ...interfaces(root).flatMap((device) => {
          return networkInterface(device, (name) => read(`sys/class/net/${device}/${name}`).trim());
        }),
        ...netstatTables(read("proc/net/netstat")),
        ...netstatTables(read("proc/net/snmp")),
        ...netstat6(read("proc/net/snmp6")),
        ...sockstat(read("proc/net/sockstat")),
        ...sockstat(read("proc/net/sockstat6")),
        ...softnet(read("proc/net/softnet_stat")),
        ...conntrack(read("proc/net/stat/nf_conntrack")),
        ...arp(read("proc/net/arp")),
        ...udpQueues("v4", read("proc/net/udp")),
        ...udpQueues("v6", read("proc/net/udp6")),
        ...kernelNumbers(read),
        ...operatingSystem(read("etc/os-release")),
        ...clockSources(read(`${clocks}/available_clocksource`), read(`${clocks}/current_clocksource`)),
        ...(await readFilesystems(read("proc/1/mounts") || read("proc/mounts"))),
        ...uname(read),
        sample("node_time_seconds", now / 1000),
        timeZone(now),
      ];
    },
  };
}

function interfaces(root: string): string[] {
  try {
    return readdirSync(join(root, "sys/class/net")).sort();
  } catch {
    return [];
  }
}

function uname(read: (path: string) => string): CollectedSample[] {
  const kernel = (name: string) => read(`proc/sys/kernel/${name}`).trim();
  if (kernel("ostype") === "") return [];
  const labels = {
    sysname: kernel("ostype"),
    release: kernel("osrelease"),
    version: kernel("version"),
    machine: machine(),
    nodename: kernel("hostname"),
    domainname: kernel("domainname"),
  };
  return [sample("node_uname_info", 1, labels)];
}
