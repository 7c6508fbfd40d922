import { defineCommand, shared } from "../../kit/command.ts";
import { version } from "../../version.ts";

export const command = defineCommand({
  name: "version",
  summary: "the versions of Havn and of its Node",
  group: "Other",
  access: [],
  options: { json: shared.json },
  examples: [["havn version", "for a report"]],
  async run({ options, io }) {
    const versions = {
      havn: version(),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    };
    io.out(
      options.json
        ? JSON.stringify(versions)
        : `havn ${versions.havn} (Node ${versions.node}, ${versions.platform})`,
    );
    return undefined;
  },
});
