import { readEditedFile } from "../edited-file.ts";
import type { ResourceReader } from "../type.ts";
import type { LineObserved, LineProperties } from "./definition.ts";
import { lineBefore } from "./edit.ts";

const reader: ResourceReader<LineProperties, LineObserved> = {
  read: (resources, host) =>
    Promise.all(
      resources.map(async ({ address, properties }) => {
        const file = await readEditedFile(properties.path, host);
        const text = file.kind === "file" ? file.content : "";
        return {
          file,
          before: host.before(address) as LineObserved["before"],
          current: { line: lineBefore(text, properties) ?? null },
        };
      }),
    ),
};
export default reader;
