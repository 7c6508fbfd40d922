import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { readAnsible, readSshConfig } from "../../inventory/read.ts";
import { defineCommand } from "../../kit/command.ts";
import { count } from "../../views/words.ts";

export const command = defineCommand({
  name: "host inventory",
  summary: "what an Ansible inventory or an SSH configuration says, for hostsFromInventory()",
  group: "Hosts",
  description:
    "PATH is an inventory in INI or YAML, a folder of them, or a program, which is run with --list; group_vars and " +
    "host_vars beside it count. With --ssh it is an SSH configuration, of which every named host is read with ssh -G. " +
    "The result has the form of ansible-inventory --list. A configuration imports it: " +
    'import inventory from "./inventory.json" with { type: "json" }.',
  access: [],
  arguments: [
    { name: "PATH", description: "the inventory; with --ssh: ~/.ssh/config where unset", optional: true },
  ],
  options: {
    ssh: { type: "boolean", description: "PATH is an SSH configuration" },
    out: { type: "string", short: "o", value: "FILE", description: "write it there instead of showing it" },
  },
  examples: [
    ["havn host inventory ./inventory --out inventory.json", "an inventory with its group_vars, as one file"],
    ["havn host inventory --ssh", "the hosts of ~/.ssh/config"],
  ],
  async run({ arguments: [typed], options, globals, io, signal }) {
    const path = resolve(globals.cwd, typed ?? (options.ssh ? `${homedir()}/.ssh/config` : "inventory"));
    const list = await (options.ssh ? readSshConfig(path, signal) : readAnsible(path, signal));
    const text = JSON.stringify(list, undefined, 2);
    if (options.out === undefined) io.out(text);
    else {
      writeFileSync(resolve(globals.cwd, options.out), `${text}\n`);
      io.tell(`${count(Object.keys(list._meta.hostvars).length, "host")} written to ${options.out}.`);
    }
    return undefined;
  },
});
