/** A sound configuration of hosts, services, templates and groups, of which chance has written the details. */
export function randomConfiguration(seed: number): string {
  const chance = generator(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
  const some = <T>(list: readonly T[], share: number): T[] => list.filter(() => chance() < share);
  const maybe = (share: number, text: string) => (chance() < share ? [text] : []);
  const define = (type: string, lines: readonly string[]) =>
    `define ${type} {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
  const list = (names: readonly string[], plus: number) => `${chance() < plus ? "+" : ""}${names.join(",")}`;

  const hosts = names("host", 6);
  const hostgroups = names("group", 5);
  const contactgroups = names("people", 3);
  const servicegroups = names("kind", 3);
  const hostTemplates = names("host-template", 4);
  const serviceTemplates = names("service-template", 3);
  const parts: string[] = [people];
  const groups = (directive: string, from: readonly string[], share: number) => {
    const chosen = some(from, 0.5);
    return chosen.length > 0 ? maybe(share, `${directive} ${list(chosen, 0.5)}`) : [];
  };
  for (const [at, name] of hostTemplates.entries())
    parts.push(
      define("host", [
        `name ${name}`,
        "register 0",
        ...(at > 0
          ? maybe(0.7, `use ${some(hostTemplates.slice(0, at), 0.6).join(",") || hostTemplates[0]}`)
          : []),
        ...groups("hostgroups", hostgroups, 0.6),
        ...groups("contact_groups", contactgroups, 0.5),
        ...maybe(0.5, `check_interval ${pick([1, 5, 10])}`),
        ...maybe(0.3, `notification_interval ${pick([0, 30, 60])}`),
        ...maybe(0.4, `_SITE ${pick(["oslo", "bergen", "a b"])}`),
      ]),
    );
  for (const [at, name] of hosts.entries())
    parts.push(
      define("host", [
        `host_name ${name}`,
        `address 10.0.0.${at + 1}`,
        `max_check_attempts ${pick([1, 3, 5])}`,
        "check_command check",
        "contacts ada",
        "notification_period always",
        `use ${some(hostTemplates, 0.5).join(",") || hostTemplates[0]}`,
        ...(at > 0 ? maybe(0.5, `parents ${some(hosts.slice(0, at), 0.5).join(",") || hosts[0]}`) : []),
        ...(chance() < 0.15 ? ["hostgroups null"] : groups("hostgroups", hostgroups, 0.5)),
        ...groups("contact_groups", contactgroups, 0.4),
        ...maybe(0.3, "_OWN 1"),
      ]),
    );
  for (const [at, name] of hostgroups.entries())
    parts.push(
      define("hostgroup", [
        `hostgroup_name ${name}`,
        `alias ${name}`,
        // One member for certain: services on no host are refused by Nagios.
        `members ${[...new Set([pick(hosts), ...some(hosts, 0.2)])].join(",")}`,
        ...(at > 0 ? maybe(0.4, `hostgroup_members ${pick(hostgroups.slice(0, at))}`) : []),
      ]),
    );
  for (const name of servicegroups)
    parts.push(define("servicegroup", [`servicegroup_name ${name}`, `alias ${name}`]));
  for (const [at, name] of serviceTemplates.entries())
    parts.push(
      define("service", [
        `name ${name}`,
        "register 0",
        ...(at > 0 ? maybe(0.7, `use ${pick(serviceTemplates.slice(0, at))}`) : []),
        ...groups("servicegroups", servicegroups, 0.5),
        ...groups("contact_groups", contactgroups, 0.5),
        ...maybe(0.5, `retry_interval ${pick([1, 2, 3])}`),
        ...maybe(0.3, "is_volatile 1"),
      ]),
    );
  for (const description of names("Service", 6)) {
    const keeps = pick(hosts);
    const excluded = some(hosts, 0.2).filter((name) => name !== keeps);
    const on = pick(["hosts", "groups", "all"]);
    parts.push(
      define("service", [
        `service_description ${description}`,
        `max_check_attempts ${pick([1, 4])}`,
        `check_command check!${description}`,
        "notification_period always",
        `use ${some(serviceTemplates, 0.5).join(",") || serviceTemplates[0]}`,
        ...(on === "hosts" ? [`host_name ${[...new Set([keeps, ...some(hosts, 0.3)])].join(",")}`] : []),
        ...(on === "all" ? [`host_name ${["*", ...excluded.map((name) => `!${name}`)].join(",")}`] : []),
        ...(on === "groups" ? [`hostgroup_name ${some(hostgroups, 0.4).join(",") || hostgroups[0]}`] : []),
        ...groups("servicegroups", servicegroups, 0.5),
        ...groups("contact_groups", contactgroups, 0.4),
        ...maybe(0.3, "contacts bo"),
        ...maybe(0.3, `_LEVEL ${pick([1, 2])}`),
      ]),
    );
  }
  return parts.join("\n");
}

const names = (word: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${word}${at + 1}`);

const contact = (name: string) => `define contact {
  contact_name ${name}
  service_notification_period always
  host_notification_period always
  service_notification_commands check
  host_notification_commands check
  service_notification_options w,u,c,r
  host_notification_options d,r
}
`;
const group = (name: string, members: string) =>
  `define contactgroup {\n  contactgroup_name ${name}\n  alias ${name}\n  members ${members}\n}\n`;
const people = [
  contact("ada"),
  contact("bo"),
  group("people1", "ada"),
  group("people2", "bo"),
  group("people3", "ada,bo"),
  "define command {\n  command_name check\n  command_line $USER1$/check_dummy 0 $ARG1$\n}\n",
  `define timeperiod {\n  timeperiod_name always\n  alias always\n${["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].map((day) => `  ${day} 00:00-24:00\n`).join("")}}\n`,
].join("\n");

/** Numbers from 0 to 1, the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
