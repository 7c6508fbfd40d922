import { type CollectedSample, sample } from "../sample.ts";

/** Fields of Redis' INFO → redis_exporter's names, where it is not `redis_` and the field's own name. */
const renamed: Readonly<Record<string, string>> = {
  maxclients: "config_maxclients",
  used_memory: "memory_used_bytes",
  used_memory_rss: "memory_used_rss_bytes",
  used_memory_peak: "memory_used_peak_bytes",
  used_memory_lua: "memory_used_lua_bytes",
  used_memory_overhead: "memory_used_overhead_bytes",
  used_memory_startup: "memory_used_startup_bytes",
  used_memory_dataset: "memory_used_dataset_bytes",
  used_memory_scripts: "memory_used_scripts_bytes",
  maxmemory: "memory_max_bytes",
  allocator_active: "allocator_active_bytes",
  allocator_allocated: "allocator_allocated_bytes",
  allocator_resident: "allocator_resident_bytes",
  client_recent_max_input_buffer: "client_recent_max_input_buffer_bytes",
  client_recent_max_output_buffer: "client_recent_max_output_buffer_bytes",
  loading: "loading_dump_file",
  rdb_last_save_time: "rdb_last_save_timestamp_seconds",
  rdb_last_bgsave_time_sec: "rdb_last_bgsave_duration_sec",
  rdb_current_bgsave_time_sec: "rdb_current_bgsave_duration_sec",
  rdb_last_cow_size: "rdb_last_cow_size_bytes",
  aof_last_rewrite_time_sec: "aof_last_rewrite_duration_sec",
  aof_current_rewrite_time_sec: "aof_current_rewrite_duration_sec",
  aof_last_cow_size: "aof_last_cow_size_bytes",
  total_connections_received: "connections_received_total",
  total_commands_processed: "commands_processed_total",
  total_net_input_bytes: "net_input_bytes_total",
  total_net_output_bytes: "net_output_bytes_total",
  rejected_connections: "rejected_connections_total",
  sync_full: "replica_resyncs_full",
  sync_partial_ok: "replica_partial_resync_accepted",
  sync_partial_err: "replica_partial_resync_denied",
  expired_keys: "expired_keys_total",
  expired_stale_perc: "expired_stale_percentage",
  expired_time_cap_reached_count: "expired_time_cap_reached_total",
  evicted_keys: "evicted_keys_total",
  keyspace_hits: "keyspace_hits_total",
  keyspace_misses: "keyspace_misses_total",
  active_defrag_hits: "defrag_hits",
  active_defrag_misses: "defrag_misses",
  active_defrag_key_hits: "defrag_key_hits",
  active_defrag_key_misses: "defrag_key_misses",
  migrate_cached_sockets: "migrate_cached_sockets_total",
  mem_not_counted_for_evict: "mem_not_counted_for_eviction_bytes",
  repl_backlog_active: "repl_backlog_is_active",
  repl_backlog_size: "replication_backlog_bytes",
  repl_backlog_histlen: "repl_backlog_history_bytes",
  used_cpu_sys: "cpu_sys_seconds_total",
  used_cpu_user: "cpu_user_seconds_total",
  used_cpu_sys_children: "cpu_sys_children_seconds_total",
  used_cpu_user_children: "cpu_user_children_seconds_total",
  used_cpu_sys_main_thread: "cpu_sys_main_thread_seconds_total",
  used_cpu_user_main_thread: "cpu_user_main_thread_seconds_total",
};

const sameName = new Set([
  ...[
    "connected_clients",
    "blocked_clients",
    "tracking_clients",
    "clients_in_timeout_table",
    "cluster_connections",
  ],
  ...["allocator_frag_ratio", "allocator_frag_bytes", "allocator_rss_ratio", "allocator_rss_bytes"],
  ...["mem_clients_normal", "mem_clients_slaves", "active_defrag_running", "lazyfree_pending_objects"],
  ...["number_of_cached_scripts", "rdb_changes_since_last_save", "rdb_bgsave_in_progress", "aof_enabled"],
  ...["aof_rewrite_in_progress", "aof_rewrite_scheduled", "module_fork_in_progress", "pubsub_channels"],
  ...["pubsub_patterns", "slave_expires_tracked_keys", "tracking_total_keys", "tracking_total_items"],
  ...["tracking_total_prefixes", "unexpected_error_replies", "total_error_replies", "total_reads_processed"],
  ...[
    "total_writes_processed",
    "io_threaded_reads_processed",
    "io_threaded_writes_processed",
    "io_threads_active",
  ],
  ...["uptime_in_seconds", "mem_fragmentation_ratio", "mem_fragmentation_bytes"],
  ...["connected_slaves", "master_repl_offset", "second_repl_offset", "repl_backlog_first_byte_offset"],
  ...[
    "cluster_enabled",
    "dump_payload_sanitizations",
    "module_fork_last_cow_size",
    "process_id",
    "master_last_io_seconds_ago",
    "slave_read_only",
    "slave_priority",
  ],
]);

const states = new Set(["rdb_last_bgsave_status", "aof_last_bgrewrite_status", "aof_last_write_status"]);

/** What `INFO all` says, under the names of redis_exporter. */
export function infoSamples(info: string, now: number): CollectedSample[] {
  const fields = new Map<string, string>();
  for (const line of info.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const samples = [...fields].flatMap(([name, value]) => fieldSamples(name, value));
  samples.push(instance(fields));
  const uptime = Number(fields.get("uptime_in_seconds"));
  if (Number.isFinite(uptime))
    samples.push(sample("redis_start_time_seconds", Math.floor(now / 1000) - uptime));
  return samples;
}

function fieldSamples(name: string, value: string): CollectedSample[] {
  const command = /^cmdstat_(.+)$/.exec(name)?.[1];
  if (command !== undefined) return commandSamples(command, partsOf(value));
  if (/^db\d+$/.test(name)) return databaseSamples(name, partsOf(value));
  const error = /^errorstat_(.+)$/.exec(name)?.[1];
  if (error !== undefined)
    return [sample("redis_errors_total", partsOf(value).get("count") ?? 0, { err: error })];
  if (states.has(name)) return [sample(`redis_${name}`, value === "ok" ? 1 : 0)];
  if (name === "latest_fork_usec") return [sample("redis_latest_fork_seconds", Number(value) / 1e6)];
  if (name === "master_link_status") return [sample("redis_master_link_up", value === "up" ? 1 : 0)];
  const known = renamed[name] ?? (sameName.has(name) ? name : undefined);
  const number = Number(value);
  return known !== undefined && Number.isFinite(number) ? [sample(`redis_${known}`, number)] : [];
}

function commandSamples(cmd: string, parts: ReadonlyMap<string, number>): CollectedSample[] {
  const failed = parts.get("failed_calls");
  const rejected = parts.get("rejected_calls");
  return [
    sample("redis_commands_total", parts.get("calls") ?? 0, { cmd }),
    sample("redis_commands_duration_seconds_total", (parts.get("usec") ?? 0) / 1e6, { cmd }),
    ...(failed === undefined ? [] : [sample("redis_commands_failed_calls_total", failed, { cmd })]),
    ...(rejected === undefined ? [] : [sample("redis_commands_rejected_calls_total", rejected, { cmd })]),
  ];
}

function databaseSamples(db: string, parts: ReadonlyMap<string, number>): CollectedSample[] {
  return [
    sample("redis_db_keys", parts.get("keys") ?? 0, { db }),
    sample("redis_db_keys_expiring", parts.get("expires") ?? 0, { db }),
    sample("redis_db_avg_ttl_seconds", (parts.get("avg_ttl") ?? 0) / 1000, { db }),
  ];
}

function instance(fields: ReadonlyMap<string, string>): CollectedSample {
  const names = [
    "role",
    "redis_version",
    "redis_build_id",
    "redis_mode",
    "os",
    "maxmemory_policy",
    "tcp_port",
  ];
  const labels = [...names, "run_id", "process_id"].map((name) => [name, fields.get(name) ?? ""] as const);
  return sample("redis_instance_info", 1, Object.fromEntries(labels));
}

/** `calls=5,usec=12` as numbers. */
function partsOf(value: string): Map<string, number> {
  return new Map(
    value.split(",").map((part): [string, number] => {
      const [name = "", number = ""] = part.split("=");
      return [name, Number(number)];
    }),
  );
}
