import { type Command, globalOptions, type OptionDefinitions } from "../kit/command.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export const isShell = (text: string): text is Shell => (shells as readonly string[]).includes(text);

/** A script that stands alone: completing asks no running program. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  switch (shell) {
    case "bash":
      return bash(commands);
    case "zsh":
      // zsh runs bash's completion through its own bridge.
      return `#compdef havn\nautoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case "fish":
      return fish(commands);
  }
}

const optionsOf = (command: Command): OptionDefinitions => ({ ...command.options, ...globalOptions });

const optionWords = (command: Command): string =>
  Object.entries(optionsOf(command))
    .flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])])
    .join(" ");

/** Commands that take a path complete files. */
const takesPath = (command: Command): boolean =>
  command.arguments?.some(({ name }) => name === "PATH") ?? false;

function bash(commands: readonly Command[]): string {
  const first = [...new Set(commands.map(({ name }) => name.split(" ")[0]))].join(" ");
  const nested = Map.groupBy(
    commands.filter(({ name }) => name.includes(" ")),
    ({ name }) => name.split(" ")[0] ?? "",
  );
  const cases = commands.map((command) => {
    const words =
      command.name === "completion" ? `${shells.join(" ")} ${optionWords(command)}` : optionWords(command);
    return `    "${command.name}") words="${words}" files=${takesPath(command) ? "yes" : ""} ;;`;
  });
  const choices = commands.flatMap((command) =>
    Object.entries(optionsOf(command)).flatMap(([name, option]) =>
      option.choices ? [`    "${command.name} --${name}") words="${option.choices.join(" ")}" ;;`] : [],
    ),
  );
  return `# Completion of havn. Load it with: source <(havn completion bash)
_havn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" files="" word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) continue ;; esac
    case "$command" in
    "") command="$word" ;;
    ${[...nested.keys()].join("|")}) command="$command $word"; break ;;
    *) break ;;
    esac
  done
  case "$previous" in
  --data) COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  case "$command $previous" in
${choices.join("\n")}
  esac
  if [ -z "$words" ]; then
    case "$command" in
    "") words="${first} --help --version" ;;
${[...nested].map(([noun, members]) => `    "${noun}") words="${members.map(({ name }) => name.split(" ")[1]).join(" ")}" ;;`).join("\n")}
${cases.join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -z "$files" ] || COMPREPLY+=($(compgen -f -- "$current"))
}
complete -o filenames -F _havn havn ./havn`;
}

function fish(commands: readonly Command[]): string {
  const nouns = [
    ...new Set(commands.filter(({ name }) => name.includes(" ")).map(({ name }) => name.split(" ")[0] ?? "")),
  ];
  const lines = commands.flatMap((command) => {
    const [noun = "", verb] = command.name.split(" ");
    const when = verb
      ? `__fish_seen_subcommand_from ${noun}; and __fish_seen_subcommand_from ${verb}`
      : `__fish_seen_subcommand_from ${noun}`;
    const offer = verb
      ? `complete -c havn -f -n "__fish_seen_subcommand_from ${noun}; and not __fish_seen_subcommand_from ${verb}" -a ${verb} -d ${quote(command.summary)}`
      : `complete -c havn ${takesPath(command) ? "" : "-f "}-n __fish_use_subcommand -a ${noun} -d ${quote(command.summary)}`;
    const options = Object.entries(optionsOf(command)).map(([name, { short, type, description, choices }]) =>
      [
        `complete -c havn -n "${when}" -l ${name}`,
        ...(short ? [`-s ${short}`] : []),
        ...(type === "string" ? ["-r"] : []),
        ...(choices ? [`-f -a ${quote(choices.join(" "))}`] : []),
        `-d ${quote(description)}`,
      ].join(" "),
    );
    return [offer, ...options];
  });
  const groups = nouns.map((noun) => `complete -c havn -f -n __fish_use_subcommand -a ${noun}`);
  const shellWords = `complete -c havn -f -n "__fish_seen_subcommand_from completion" -a "${shells.join(" ")}"`;
  return [
    "# Completion of havn, for ~/.config/fish/completions/havn.fish",
    ...groups,
    ...lines,
    shellWords,
  ].join("\n");
}

const quote = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
