import { root, type Step } from "./workload.ts";

/** The configuration of Havn: on each of `hosts`, and `twins` that are made beside them for the peers. */
export const havnConfig = (): string => `import { readFileSync } from "node:fs";
import { cron, directory, environment, file, host, line, machine, pkg, sysctl, systemdUnit, user } from "havn";

const { hosts, twins, active, steps } = JSON.parse(readFileSync(new URL("steps.json", import.meta.url), "utf8"));

export default environment("bench", { owner: "bench" }, () => {
  for (const name of twins) machine(name);
  for (const name of hosts) {
    const on = host(name, { machine: machine(name) });
    if (!active.includes(name)) continue;
    for (const step of steps) {
      const { kind, ...rest } = step;
      if (kind === "directory") directory(step.path, { host: on, owner: step.owner, group: step.group, mode: step.mode });
      else if (kind === "file") file(step.path, { host: on, content: step.content, owner: step.owner, group: step.group, mode: step.mode });
      else if (kind === "line") line(step.path, { host: on, line: step.line, regexp: step.regexp, create: true });
      else if (kind === "user") user(step.name, { host: on, uid: step.uid, comment: step.comment, shell: step.shell });
      else if (kind === "package") pkg(step.name, { host: on });
      else if (kind === "unit") systemdUnit(step.name, { host: on, dependsOn: \`bench/file/\${name}:/etc/systemd/system/\${step.name}\` });
      else if (kind === "sysctl") sysctl(step.key, { host: on, value: step.value });
      else if (kind === "cron") cron(step.name, { host: on, schedule: step.schedule, command: step.command });
    }
  }
});
`;

/** One task a step. JSON is YAML. */
export function playbook(steps: readonly Step[]): string {
  const play = {
    hosts: "all",
    gather_facts: false,
    tasks: steps.map((step) => ({ name: `${step.kind} ${nameOf(step)}`, ...taskOf(step) })),
  };
  return JSON.stringify([play]);
}

const nameOf = (step: Step): string => ("path" in step ? step.path : "name" in step ? step.name : step.key);

function taskOf(step: Step): Record<string, unknown> {
  switch (step.kind) {
    case "directory": {
      const { path, owner, group, mode } = step;
      return { "ansible.builtin.file": { path, state: "directory", owner, group, mode } };
    }
    case "file": {
      const { path, content, owner, group, mode } = step;
      return { "ansible.builtin.copy": { dest: path, content, owner, group, mode } };
    }
    case "line": {
      const { path, regexp, line } = step;
      return { "ansible.builtin.lineinfile": { path, regexp, line, create: true, mode: "0644" } };
    }
    case "user": {
      const { name, uid, comment, shell } = step;
      return { "ansible.builtin.user": { name, uid, comment, shell } };
    }
    case "package":
      return { "ansible.builtin.apt": { name: step.name, state: "present", install_recommends: false } };
    case "unit":
      return {
        "ansible.builtin.systemd": { name: step.name, enabled: true, state: "started", daemon_reload: true },
      };
    case "sysctl": {
      const { key, value } = step;
      const name = {
        name: key,
        value,
        sysctl_set: true,
        reload: false,
        sysctl_file: "/etc/sysctl.d/bench.conf",
      };
      return { "ansible.posix.sysctl": name };
    }
    case "cron": {
      const [minute, hour] = step.schedule.split(" ");
      return {
        "ansible.builtin.cron": {
          name: step.name,
          cron_file: step.name,
          user: "root",
          minute,
          hour,
          job: step.command,
        },
      };
    }
  }
}

export type AnsibleWay = "default" | "pipelining" | "mitogen";

export function ansibleSettings(way: AnsibleWay, key: string): string {
  const lines = [
    ...[
      "[defaults]",
      "host_key_checking = False",
      "forks = 10",
      `private_key_file = ${key}`,
      "remote_user = root",
    ],
    ...["retry_files_enabled = False", "interpreter_python = /usr/bin/python3", "stdout_callback = default"],
    ...["display_ok_hosts = False", "display_skipped_hosts = False"],
  ];
  if (way === "mitogen")
    lines.push(
      "strategy_plugins = /usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy",
      "strategy = mitogen_linear",
    );
  if (way !== "default") lines.push("[ssh_connection]", "pipelining = True");
  return `${lines.join("\n")}\n`;
}

/**
 * Puppet has neither sysctl nor entries of cron.d of its own: a file of each and one `sysctl` after a change is the idiom;
 * a line of a file is stdlib's file_line.
 */
export function manifest(steps: readonly Step[]): string {
  const lines = steps.map(puppetResource);
  const made = new Set(steps.flatMap((step) => (step.kind === "line" ? [step.path] : [])));
  for (const path of made)
    lines.push(`file { '${path}': ensure => file, owner => 'root', group => 'root', mode => '0644' }`);
  return `${lines.join("\n")}\n`;
}

function puppetResource(step: Step): string {
  switch (step.kind) {
    case "directory":
      return `file { '${step.path}': ensure => directory, owner => '${step.owner}', group => '${step.group}', mode => '${step.mode}' }`;
    case "file":
      return `file { '${step.path}': ensure => file, owner => '${step.owner}', group => '${step.group}', mode => '${step.mode}', content => ${quoted(step.content)} }`;
    case "line":
      return `file_line { '${step.line}': path => '${step.path}', line => '${step.line}', match => '${step.regexp}' }`;
    case "user":
      return `user { '${step.name}': ensure => present, uid => ${step.uid}, comment => '${step.comment}', shell => '${step.shell}', managehome => true }`;
    case "package":
      return `package { '${step.name}': ensure => installed, install_options => ['--no-install-recommends'] }`;
    case "unit":
      return `service { '${step.name}': ensure => running, enable => true, require => File['/etc/systemd/system/${step.name}'] }`;
    case "sysctl": {
      const path = `/etc/sysctl.d/95-havn-${step.key}.conf`;
      return `file { '${path}': ensure => file, mode => '0644', content => "${step.key} = ${step.value}\\n", notify => Exec['sysctl ${step.key}'] }\nexec { 'sysctl ${step.key}': command => '/sbin/sysctl -q -p ${path}', refreshonly => true }`;
    }
    case "cron":
      return `file { '/etc/cron.d/${step.name}': ensure => file, mode => '0644', content => ${quoted(`${step.schedule} root ${step.command}\n`)} }`;
  }
}

/** A text in single quotes, in which Puppet replaces nothing. */
const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** Where peers' runs keep what they need on a machine. */
export const manifestOnMachine = `${root}.pp`;
export const scriptOnMachine = `${root}.sh`;

/**
 * The fewest commands that reach the state from nothing, as a person who knows the host would write them: no looking
 * first, no report, no way back. What a first run takes at least, whoever asks for it.
 */
export function script(steps: readonly Step[]): string {
  const of = <K extends Step["kind"]>(kind: K) =>
    steps.filter((step): step is Extract<Step, { kind: K }> => step.kind === kind);
  const write = (path: string, content: string) => `cat > '${path}' <<'END'\n${content}END`;
  const owned = ({
    path,
    owner,
    group,
    mode,
  }: {
    path: string;
    owner: string;
    group: string;
    mode: string;
  }) => `chown ${owner}:${group} '${path}'; chmod ${mode} '${path}'`;
  const units = of("unit").map(({ name }) => name);
  const lines = Map.groupBy(of("line"), ({ path }) => path);
  return [
    "set -e",
    ...of("directory").flatMap((step) => [`mkdir -p '${step.path}'`, owned(step)]),
    `DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install ${nameList(of("package"))} >/dev/null`,
    ...of("user").map(
      ({ name, uid, comment, shell }) => `useradd -m -u ${uid} -c '${comment}' -s ${shell} ${name}`,
    ),
    ...of("file").flatMap((step) => [write(step.path, step.content), owned(step)]),
    ...[...lines].map(([path, all]) => write(path, all.map(({ line }) => `${line}\n`).join(""))),
    ...of("cron").map(({ name, schedule, command }) =>
      write(`/etc/cron.d/${name}`, `${schedule} root ${command}\n`),
    ),
    ...of("sysctl").map(({ key, value }) =>
      write(`/etc/sysctl.d/95-havn-${key}.conf`, `${key} = ${value}\n`),
    ),
    `sysctl -q ${of("sysctl")
      .map(({ key, value }) => `-w ${key}=${value}`)
      .join(" ")}`,
    `systemctl daemon-reload; systemctl enable --now --quiet ${units.join(" ")}`,
    "sync",
  ].join("\n");
}

const nameList = (steps: readonly { name: string }[]): string => steps.map(({ name }) => name).join(" ");
