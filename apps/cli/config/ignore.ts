/** Whether a path inside a source is left out. `directory`: it is a folder, whose content is then left out too. */
export type Ignore = (path: string, directory: boolean) => boolean;

interface Rule {
  pattern: RegExp;
  keep: boolean;
  directoriesOnly: boolean;
}

/** What no source holds: installed packages are made by the build, history is not deployed. */
const always = ["node_modules/", ".git/", ".havnignore"];

/** The rules of ignore files (.gitignore syntax: `*`, `**`, `?`, `!`, leading and closing `/`), the last match decides. */
export function createIgnore(...files: string[]): Ignore {
  const rules = [...always, ...files.flatMap((text) => text.split(/\r?\n/))].flatMap(parseRule);
  return (path, directory) => {
    const last = rules.findLast((rule) => (directory || !rule.directoriesOnly) && rule.pattern.test(path));
    return last !== undefined && !last.keep;
  };
}

function parseRule(line: string): Rule[] {
  let text = line.trimEnd();
  if (text === "" || text.startsWith("#")) return [];
  const keep = text.startsWith("!");
  if (keep) text = text.slice(1);
  const directoriesOnly = text.endsWith("/");
  if (directoriesOnly) text = text.slice(0, -1);
  // A slash inside ties the pattern to the source's root; without one it holds at any depth.
  const anchored = text.includes("/");
  const body = toExpression(text.replace(/^\//, ""));
  return [{ pattern: new RegExp(`^${anchored ? "" : "(?:.*/)?"}${body}$`), keep, directoriesOnly }];
}

function toExpression(glob: string): string {
  return glob.replace(/\*\*\/|\/\*\*$|\*\*|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "/**") return "/.*";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
}
