/** What the shell would do more with than part words. */
const shellLetters = /[`~!$^&*|<>(){}?;\n]/;

/**
 * The words that a Nagios command line is run as. Macros are put in after the line was parted, so that a value is one
 * part of one word whatever it holds. Only where the line itself wants a shell it gets one, and the values come as the
 * shell's variables: that shell never reads them as its language. A line that hands a value to another interpreter
 * (`sh -c "… $ARG1$"`, `ssh`, `eval`) has it read there: whoever writes such a line answers for it. Unknown macros are empty, `$$` is a dollar sign.
 */
export function commandWords(
  command: string | readonly string[],
  macros: Readonly<Record<string, string>>,
): { words: string[]; env: Record<string, string> } {
  if (typeof command !== "string") return { words: command.map((word) => fill(word, macros)), env: {} };
  const withoutMacros = command.replace(macroPattern, "");
  if (!shellLetters.test(withoutMacros))
    return { words: split(command).map((word) => fill(word, macros)), env: {} };
  return forShell(command, macros);
}

const macroPattern = /\$(\w*(?::\w+)*)\$/g;

const fill = (word: string, macros: Readonly<Record<string, string>>): string =>
  word.replace(macroPattern, (_, name: string) => (name === "" ? "$" : (macros[name] ?? "")));

/** Words by blanks, quotes and backslashes, as a shell parts them. */
export function split(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const letter = line.charAt(at);
    if (quote === "'") {
      if (letter === "'") quote = "";
      else word += letter;
    } else if (letter === "\\" && at + 1 < line.length) {
      word = (word ?? "") + line.charAt(++at);
    } else if (quote === '"') {
      if (letter === '"') quote = "";
      else word += letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + letter;
  }
  return word === undefined ? words : [...words, word];
}

/** Inside of single quotes a variable is no variable: the quotes are closed around it. */
function forShell(
  line: string,
  macros: Readonly<Record<string, string>>,
): { words: string[]; env: Record<string, string> } {
  const env: Record<string, string> = {};
  const variableOf = (name: string): string => {
    const variable = `HAVN_MACRO_${name.replaceAll(/\W/g, "_")}`;
    env[variable] = macros[name] ?? "";
    return variable;
  };
  let script = "";
  let quote = "";
  for (let at = 0; at < line.length; ) {
    const macro = /^\$(\w*(?::\w+)*)\$/.exec(line.slice(at));
    if (macro) {
      const name = macro[1] ?? "";
      if (name === "") script += quote === "'" ? "$" : "\\$";
      else if (quote === "'") script += `'"\${${variableOf(name)}}"'`;
      else script += quote === '"' ? `\${${variableOf(name)}}` : `"\${${variableOf(name)}}"`;
      at += macro[0].length;
      continue;
    }
    const letter = line.charAt(at++);
    script += letter;
    if (letter === "\\" && quote !== "'") script += line.charAt(at++);
    else if (quote !== "" && letter === quote) quote = "";
    else if (quote === "" && (letter === "'" || letter === '"')) quote = letter;
  }
  return { words: ["/bin/sh", "-c", script], env };
}
