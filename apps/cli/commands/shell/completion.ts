import { type Command, defineCommand } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { completionScript, isShell, shells } from "../../views/completion.ts";

export const command = defineCommand({
  name: "completion",
  summary: "completion of commands and options for your shell",
  group: "Other",
  access: [],
  arguments: [{ name: "SHELL", description: "bash, zsh or fish" }],
  examples: [
    ["source <(havn completion bash)", "in ~/.bashrc"],
    ["source <(havn completion zsh)", "in ~/.zshrc"],
    ["havn completion fish > ~/.config/fish/completions/havn.fish", "once"],
  ],
  async run({ arguments: [shell = ""], io }) {
    if (!isShell(shell))
      throw new UsageError(`There is no completion for "${shell}"`, `Choose one of: ${shells.join(", ")}.`);
    // Here, not above: the registry is generated from this file among others.
    const { commands } = await import("../../commands.gen.ts");
    const loaded = await Promise.all(commands.map(async (entry) => (await entry.load()).command as Command));
    io.out(completionScript(shell, loaded));
    return undefined;
  },
});
