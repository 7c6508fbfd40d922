import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "@havn/testkit";
import { collectCgroups } from "./cgroups/index.ts";
import { createProcessesCollector } from "./processes/index.ts";
import type { CollectedSample } from "./sample.ts";
import { unitSamples } from "./systemd/index.ts";

const shown = (samples: readonly CollectedSample[]) =>
  samples.map(({ name, labels, value }) => `${name}${JSON.stringify(labels)} ${value}`);

async function tree(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

test("units of systemd: states, restarts, timers and sockets; what is not loaded is left out", () => {
  const text = `Type=notify
NRestarts=3
Id=ssh.service
LoadState=loaded
ActiveState=active
ActiveEnterTimestamp=Mon 2026-11-23 14:00:00 UTC

Id=gone.service
LoadState=not-found
ActiveState=inactive

LastTriggerUSec=n/a
Id=apt-daily.timer
LoadState=loaded
ActiveState=active

Id=docker.socket
LoadState=loaded
ActiveState=failed
NAccepted=5
NConnections=1
`;
  const samples = shown(unitSamples(text));
  for (const line of [
    'node_systemd_unit_state{"name":"ssh.service","state":"active","type":"notify"} 1',
    'node_systemd_unit_state{"name":"ssh.service","state":"failed","type":"notify"} 0',
    'node_systemd_service_restart_total{"name":"ssh.service"} 3',
    'node_systemd_unit_start_time_seconds{"name":"ssh.service","type":"notify"} 1795442400',
    'node_systemd_timer_last_trigger_seconds{"name":"apt-daily.timer"} 0',
    'node_systemd_unit_state{"name":"docker.socket","state":"failed","type":""} 1',
    'node_systemd_socket_accepted_connections_total{"name":"docker.socket"} 5',
    'node_systemd_units{"state":"active"} 2',
    'node_systemd_units{"state":"failed"} 1',
    'node_systemd_units{"state":"inactive"} 0',
  ])
    assert.ok(samples.includes(line), line);
  assert.ok(samples.every((line) => !line.includes("gone.service")));
});

test("control groups become cAdvisor's metrics; without version 2 there are none", async () => {
  await using directory = await temporaryDirectory("cgroups");
  const root = directory.path;
  assert.deepEqual(collectCgroups(root), []);
  await tree(root, {
    "cgroup.controllers": "cpu io memory pids\n",
    "system.slice/shop.service/cpu.stat":
      "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_throttled 4\nthrottled_usec 1000\n",
    "system.slice/shop.service/memory.current": "1000\n",
    "system.slice/shop.service/memory.stat": "anon 600\nfile 400\ninactive_file 150\n",
    "system.slice/shop.service/memory.max": "max\n",
    "system.slice/shop.service/memory.events": "low 0\noom_kill 2\n",
    "system.slice/shop.service/pids.current": "7\n",
    "system.slice/shop.service/io.stat": "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n",
  });
  const samples = shown(collectCgroups(root));
  const id = '"id":"/system.slice/shop.service"';
  assert.deepEqual(samples, [
    `container_cpu_usage_seconds_total{${id},"cpu":"total"} 2.5`,
    `container_cpu_user_seconds_total{${id}} 2`,
    `container_cpu_system_seconds_total{${id}} 0.5`,
    `container_cpu_cfs_throttled_periods_total{${id}} 4`,
    `container_cpu_cfs_throttled_seconds_total{${id}} 0.001`,
    `container_memory_usage_bytes{${id}} 1000`,
    `container_memory_working_set_bytes{${id}} 850`,
    `container_memory_rss{${id}} 600`,
    `container_memory_cache{${id}} 400`,
    `container_oom_events_total{${id}} 2`,
    `container_spec_memory_limit_bytes{${id}} 0`,
    `container_threads{${id}} 7`,
    `container_fs_reads_bytes_total{${id},"device":"8:0"} 10`,
    `container_fs_writes_bytes_total{${id},"device":"8:0"} 20`,
    `container_fs_reads_total{${id},"device":"8:0"} 1`,
    `container_fs_writes_total{${id},"device":"8:0"} 2`,
  ]);
});

test("processes by state and by name; time of those that ended stays in their group", async () => {
  await using directory = await temporaryDirectory("processes");
  const root = directory.path;
  const stat = (pid: number, name: string, user: number) =>
    `${pid} (${name}) S 1 1 1 0 -1 0 11 0 2 0 ${user} 50 0 0 20 0 3 0 1000 4096000 100 0`;
  await tree(root, {
    stat: "cpu 1\nbtime 1795400000\n",
    "10/stat": stat(10, "web (worker)", 200),
    "11/stat": stat(11, "web (worker)", 100),
    "sys/kernel/pid_max": "32768\n",
  });
  const collector = createProcessesCollector(root);
  const first = shown(collector.collect());
  for (const line of [
    "node_processes_pids{} 2",
    "node_processes_threads{} 6",
    "node_processes_max_processes{} 32768",
    'node_processes_state{"state":"S"} 2',
    'namedprocess_namegroup_num_procs{"groupname":"web (worker)"} 2',
    'namedprocess_namegroup_cpu_seconds_total{"groupname":"web (worker)","mode":"user"} 3',
    'namedprocess_namegroup_memory_bytes{"groupname":"web (worker)","memtype":"resident"} 819200',
    'namedprocess_namegroup_oldest_start_time_seconds{"groupname":"web (worker)"} 1795400010',
    'namedprocess_namegroup_major_page_faults_total{"groupname":"web (worker)"} 4',
  ])
    assert.ok(first.includes(line), `${line}\n${first.join("\n")}`);
  // 11 ended, and another one has its number.
  await writeFile(join(root, "11/stat"), stat(11, "sh", 5).replace(" 1000 ", " 2000 "));
  const second = shown(collector.collect());
  assert.ok(
    second.includes('namedprocess_namegroup_cpu_seconds_total{"groupname":"web (worker)","mode":"user"} 3'),
  );
  assert.ok(second.includes('namedprocess_namegroup_num_procs{"groupname":"web (worker)"} 1'));
  assert.ok(second.includes('namedprocess_namegroup_cpu_seconds_total{"groupname":"sh","mode":"user"} 0.05'));
});
