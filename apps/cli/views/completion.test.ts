import { deepEqual, equal } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { commands } from "../commands.gen.ts";
import type { Command } from "../kit/command.ts";
import { completionScript } from "./completion.ts";

const loaded = await Promise.all(commands.map(async (entry) => (await entry.load()).command as Command));
const script = completionScript("bash", loaded);

/** What bash would offer when Tab is pressed after `words`. */
function complete(...words: string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(" ");
  const program = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _havn; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync("bash", ["-uc", `set +u; ${program}`], { encoding: "utf8", cwd: "/" });
  return output.split("\n").filter((word) => word !== "");
}

test("bash completes commands, words of commands, options and choices", () => {
  deepEqual(complete("havn", "sta"), ["status"]);
  deepEqual(complete("havn", "token", ""), ["create", "list", "revoke"].concat([]));
  deepEqual(complete("havn", "token", "create", "--ro"), ["--role"]);
  deepEqual(complete("havn", "token", "create", "--role", ""), ["viewer", "operator", "admin"]);
  deepEqual(complete("havn", "logs", "shop", "--fo"), ["--follow"]);
  deepEqual(complete("havn", "completion", "b"), ["bash"]);
  equal(complete("havn", "up", "et").includes("etc"), true);
  equal(complete("havn", "").includes("--version"), true);
});

test("every command and every option is in every shell's script", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const text = completionScript(shell, loaded);
    for (const { name, options = {} } of loaded)
      for (const word of [...name.split(" "), ...Object.keys(options)])
        equal(text.includes(word), true, `${shell} ${word}`);
  }
});
