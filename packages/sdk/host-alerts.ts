import { forecast } from "./history.ts";
import { type AlertHandle, absent, alert, type Said, threshold } from "./observe.ts";

export interface HostAlertsOptions {
  /**
   * After how long without a sample a host's agent is called silent. Default: "30s".
   * @example silentAfter: "1m"
   */
  silentAfter?: string;
  /**
   * How soon a disk must become full to be told of before it is. Default: "4h".
   * @example diskFullWithin: "1d"
   */
  diskFullWithin?: string;
  /**
   * Names of those that are left out.
   * @example without: ["host-memory-low"]
   */
  without?: readonly string[];
  /**
   * Further labels of all of them, by which routes may choose.
   * @example labels: { team: "platform" }
   */
  labels?: Readonly<Record<string, string>>;
}

/** What lies in memory, is only read, or is somebody else's disk. */
const disks =
  '{fstype!~"tmpfs|devtmpfs|ramfs|overlay|squashfs|iso9660|proc|sysfs|cgroup2?|nsfs|autofs|fuse.*",mountpoint!~"/(proc|sys|dev|run)(/.*)?"}';

/**
 * Rules for every host of the environment, over what agents measure: silent agents, disks that are full or will be, inodes,
 * memory, processes killed for want of it, and clocks. Failed units are checks: `check(…, { probe: { kind: "unit" } })`.
 *
 * @example hostAlerts({ silentAfter: "1m" });
 */
export function hostAlerts(options: HostAlertsOptions = {}): readonly AlertHandle[] {
  const { silentAfter = "30s", diskFullWithin = "4h", without = [], labels } = options;
  const common: Partial<Said> = labels ? { labels } : {};
  const where = "{{ $labels.mountpoint }} of {{ $labels.host }}";
  const all: Readonly<Record<string, (name: string) => AlertHandle>> = {
    "host-silent": (name) =>
      absent(name, {
        ...{ ...common, of: "hosts", expr: `last_over_time(node_time_seconds[${silentAfter}])`, for: "0s" },
        ...{
          severity: "critical",
          summary: `The agent of {{ $labels.host }} was not heard for ${silentAfter}`,
        },
      }),
    "host-disk-full": (name) =>
      threshold(name, {
        ...{ ...common, expr: `node_filesystem_avail_bytes${disks} / node_filesystem_size_bytes${disks}` },
        ...{ below: 0.05, for: "2m", severity: "critical" },
        summary: `${where} has {{ $value | humanizePercentage }} left`,
      }),
    "host-disk-full-soon": (name) =>
      forecast(name, {
        ...{ ...common, expr: `node_filesystem_avail_bytes${disks}`, within: diskFullWithin },
        summary: `${where} has {{ $facts.now | humanize1024 }}B left and is full in {{ $value | humanizeDuration }} if it goes on like this`,
      }),
    "host-inodes-low": (name) =>
      threshold(name, {
        ...{ ...common, expr: `node_filesystem_files_free${disks} / (node_filesystem_files${disks} > 0)` },
        ...{ below: 0.05, for: "5m" },
        summary: `${where} has {{ $value | humanizePercentage }} of its inodes left`,
      }),
    "host-memory-low": (name) =>
      threshold(name, {
        ...{ ...common, expr: "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", below: 0.05 },
        ...{
          for: "5m",
          summary: "{{ $labels.host }} has {{ $value | humanizePercentage }} of its memory left",
        },
      }),
    "host-out-of-memory": (name) =>
      alert(name, {
        ...{ ...common, expr: "increase(node_vmstat_oom_kill[5m]) > 0" },
        summary: "The kernel of {{ $labels.host }} killed processes for want of memory",
      }),
    "host-clock-wrong": (name) =>
      alert(name, {
        ...{ ...common, expr: "abs(time() - node_time_seconds) > 60", for: "2m" },
        summary: "The clock of {{ $labels.host }} is {{ $value | humanizeDuration }} off",
      }),
  };
  return Object.entries(all).flatMap(([name, make]) => (without.includes(name) ? [] : [make(name)]));
}

/**
 * Rules about the rules: those that match nothing, fail, or are late. Of low severity.
 *
 * @example ruleAlerts();
 */
export const ruleAlerts = (): readonly AlertHandle[] => [
  alert("rule-matches-nothing", {
    ...{ expr: "havn_rule_unmatched_selectors > 0", for: "15m", interval: "1m", severity: "info" },
    summary:
      "Rule {{ $labels.rule }} of {{ $labels.rule_group }} can never fire: its selectors match no series",
  }),
  alert("rule-fails", {
    ...{ expr: "increase(prometheus_rule_evaluation_failures_total[5m]) > 0", interval: "1m" },
    summary: "Rules of {{ $labels.rule_group }} cannot be evaluated: havn rules says why",
  }),
  alert("rule-group-late", {
    ...{ expr: "increase(prometheus_rule_group_iterations_missed_total[5m]) > 0", interval: "1m" },
    summary: "Rules of {{ $labels.rule_group }} are not evaluated in time",
  }),
];
