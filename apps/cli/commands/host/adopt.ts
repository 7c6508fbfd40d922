import { inventoryKinds } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { adoptionAnswer, unmanagedAnswer } from "../../api/schemas.ts";
import { writeAdoption } from "../../flows/adopt.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { exitCodes } from "../../kit/exit.ts";
import { unmanagedView } from "../../views/unmanaged.ts";
import { count } from "../../views/words.ts";

export const command = defineCommand({
  name: "adopt",
  summary: "what is on a host and declared nowhere, and the TypeScript that declares it",
  group: "Environments",
  description:
    "Packages, repositories, users, keys, sudo rules, units, cron, mounts, kernel settings, alternatives, changed and " +
    "own configuration files, databases: all that the distribution did not put there. What is written declares it as " +
    "it is, so that planning right after shows no changes. Keys and passwords are kept in Havn's store and written as " +
    "secret(…).\n\n" +
    "A host that Havn does not know yet is declared first (host(…, { ssh: … })) and applied, which puts an agent there.",
  access: ["host:read", "host:adopt"],
  arguments: [{ name: "HOST", description: "name of the host" }],
  options: {
    environment: shared.environment,
    json: shared.json,
    list: {
      type: "boolean",
      description: "only show what is unmanaged, with counts; exit code 2 where there is any",
    },
    write: {
      type: "string",
      value: "FILE",
      description: "write the TypeScript there, and what is long into a folder beside it; unset: print it",
    },
    only: { type: "string", value: "KINDS", description: `parted by commas: ${inventoryKinds.join(", ")}` },
    ignore: {
      type: "string",
      value: "NAMES",
      description: "kinds, or names in which a * stands for anything, parted by commas",
    },
  },
  examples: [
    ["havn adopt web-1 --list", "what nobody declares there"],
    [
      "havn adopt web-1 --write adopted/web-1.ts",
      "declare it; then call adoptedWeb1(web1) in havn.config.ts",
    ],
    ["havn adopt web-1 --only packages,units", "only these, printed"],
    ["havn adopt web-1 --ignore '/etc/worker/*,cron' --write web-1.ts", "without these"],
  ],
  async run({ arguments: [host = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const path = `/api/v1/environments/${encodeURIComponent(environment)}/hosts/${encodeURIComponent(host)}`;
    const { only, ignore } = options;
    if (options.list) {
      const answer = await api.get(`${path}/unmanaged`, unmanagedAnswer, { query: { only, ignore }, signal });
      io.out(options.json ? JSON.stringify(answer, undefined, 2) : unmanagedView(host, answer, io.style));
      return answer.items.length > 0 ? exitCodes.changes : exitCodes.ok;
    }
    const listOf = (text: string | undefined) => text?.split(",").map((one) => one.trim());
    const body = { only: listOf(only), ignore: listOf(ignore) };
    const answer = await api.post(`${path}/adoption`, adoptionAnswer, { body, signal });
    if (options.write === undefined) {
      io.out(options.json ? JSON.stringify(answer, undefined, 2) : answer.text);
      if (!options.json && answer.files.length > 0)
        io.tell(`${count(answer.files.length, "file")} belong beside it: use --write FILE.`);
      return exitCodes.ok;
    }
    const written = await writeAdoption(answer, { file: options.write, cwd: globals.cwd });
    if (options.json)
      io.out(JSON.stringify({ ...written, secrets: answer.secrets, notes: answer.notes }, undefined, 2));
    else {
      io.tell(
        `${io.style.green("✓")} ${count(answer.items.length, "resource")} in ${written.file}, ${count(written.files.length, "file")} beside it.`,
      );
      if (answer.secrets.length > 0)
        io.tell(
          `  ${count(answer.secrets.length, "secret")} kept in the store: ${answer.secrets.map(({ of }) => of).join(", ")}`,
        );
      for (const { name, note } of answer.notes)
        io.tell(`  ${io.style.yellow("not declared")} ${name}: ${note}`);
      io.tell(
        `\nIn havn.config.ts:\n  import { ${answer.name} } from "./${written.file}";\n  ${answer.name}(host);`,
      );
    }
    return exitCodes.ok;
  },
});
