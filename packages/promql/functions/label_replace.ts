import { type AnchoredRegexp, expand } from "@havn/model/regexp";
import { executionError } from "../errors.ts";
import { mergeColumns } from "../evaluate/columns.ts";
import { compileAnchored } from "../regexp.ts";
import { defineFunction } from "./define.ts";

/** `label_replace(v, destination, replacement, source, regex)`. */
export default defineFunction({
  kind: "vector",
  name: "label_replace",
  parameters: ["vector", "string", "string", "string", "string"],
  returns: "vector",
  async evaluate(call) {
    const [destination, replacement, source, pattern] = [1, 2, 3, 4].map((i) => call.text(i)) as [
      string,
      string,
      string,
      string,
    ];
    const regexp = compile(pattern);
    if (destination === "" || destination.includes("\ufffd"))
      throw executionError(`invalid destination label name in label_replace(): ${destination}`);
    const replaced = (await call.vector(0)).map((column) => {
      const match = regexp.match(column.labels[source] ?? "");
      if (!match) return column;
      const { [destination]: _, ...rest } = column.labels;
      const value = expand(replacement, match);
      const labels = value === "" ? rest : { ...rest, [destination]: value };
      return { ...column, labels, dropName: destination === "__name__" ? false : column.dropName };
    });
    return mergeColumns(replaced, () =>
      executionError("vector cannot contain metrics with the same labelset"),
    );
  },
});

function compile(pattern: string): AnchoredRegexp {
  try {
    return compileAnchored(pattern);
  } catch {
    throw executionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
}
