import { executionError } from "../errors.ts";
import { mergeColumns } from "../evaluate/columns.ts";
import { defineFunction } from "./define.ts";

/** `label_join(v, destination, separator, source…)`. */
export default defineFunction({
  kind: "vector",
  name: "label_join",
  parameters: ["vector", "string", "string", "string"],
  optional: 1,
  repeats: true,
  returns: "vector",
  async evaluate(call) {
    const [destination = "", separator = "", ...sources] = call.arguments
      .slice(1)
      .map((_, i) => call.text(i + 1));
    if (destination === "" || destination.includes("\ufffd"))
      throw executionError(`invalid destination label name in label_join(): ${destination}`);
    const joined = (await call.vector(0)).map((column) => {
      const value = sources.map((name) => column.labels[name] ?? "").join(separator);
      const { [destination]: _, ...rest } = column.labels;
      const labels = value === "" ? rest : { ...rest, [destination]: value };
      return { ...column, labels, dropName: destination === "__name__" ? false : column.dropName };
    });
    return mergeColumns(joined, () => executionError("vector cannot contain metrics with the same labelset"));
  },
});
