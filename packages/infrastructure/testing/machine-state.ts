import type { LabHost } from "./lab-host.ts";

// What a machine is, as it tells by itself: nothing of Havn is asked.

/** Backups, locks, caches, and what the machine is told from outside while it runs. */
const volatile = [
  ...["-path '*-'", "-name .pwd.lock", "-name ld.so.cache", "-name mtab", "-path /etc/resolv.conf"],
  "-path '*/__pycache__*'",
].join(" -o ");

/** Lines of accounts may stand in another order. */
const accounts = "passwd group shadow gshadow";
const unordered = accounts
  .split(" ")
  .map((name) => `-path /etc/${name}`)
  .join(" -o ");

const field = (name: string) => `$\{${name}}`;

/**
 * Every file with its mode, owner, content and number of names; packages, held and automatic ones; units, accounts,
 * mounts, alternatives, diversions, locales, the firewall, the kernel settings that are named and what programs keep in
 * /var/lib. One line each.
 */
export async function machineState(
  { on }: Pick<LabHost, "on">,
  { places, settings = [] }: { places: readonly string[]; settings?: readonly string[] },
): Promise<string[]> {
  const where = places.join(" ");
  const output = await on(
    [
      `find ${where} -xdev \\( ${volatile} \\) -prune -o -printf '%p %y %m %u %g %l\\n' | sort`,
      `find ${where} -xdev \\( ${volatile} \\) -prune -o -type f -links +1 -printf 'names %n %p\\n' | sort`,
      `find ${where} -xdev \\( ${volatile} \\) -prune -o -type f ! \\( ${unordered} \\) -print0 | sort -z | xargs -0 sha256sum`,
      `for one in ${accounts}; do sed "s/^/$one: /" /etc/$one | sort; done`,
      `dpkg-query --show --showformat='package ${field("binary:Package")} ${field("Version")} ${field("Status")}\\n'`,
      "apt-mark showauto | sed 's/^/automatic: /'",
      "dpkg-divert --list | sed 's/^/diverted: /'; update-alternatives --get-selections | sed 's/^/alternative: /'",
      "systemctl list-unit-files --no-legend --no-pager | awk '{print \"unit file\", $1, $2}'",
      "systemctl list-units --state=active,failed --plain --no-legend --no-pager '*.service' '*.timer' '*.mount' | awk '{print \"unit\", $1, $3}'",
      `sysctl ${settings.join(" ")}; hostname | sed 's/^/host name: /'`,
      "awk '{print \"mount\", $1, $2, $3, $4}' /proc/self/mounts | grep -v ' /run/user'; nft list ruleset 2>/dev/null || true",
      "locale -a | sed 's/^/locale: /'; ls -d /var/lib/* | grep -v havn-test",
    ].join("\n"),
  );
  return output.split("\n");
}

/** Lines that only one of the two has. */
export function difference(before: readonly string[], after: readonly string[]): string[] {
  const [was, is] = [new Set(before), new Set(after)];
  return [
    ...before.filter((line) => !is.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !was.has(line)).map((line) => `+ ${line}`),
  ];
}
