import { findDuration, HavnError } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { deletedAnswer } from "../../api/telemetry.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { deletionView } from "../../views/metrics.ts";
import { count } from "../../views/words.ts";

export const command = defineCommand({
  name: "metrics delete",
  summary: "delete samples of the series that match",
  group: "Look",
  description:
    "Shows first how much it is, and asks. Without --from and --until all of the series goes. What is still being sent " +
    "comes again.",
  access: ["metric:delete"],
  arguments: [{ name: "SELECTOR", description: "which series, quoted" }],
  options: {
    from: { type: "string", value: "DURATION", description: "only samples since so long ago" },
    until: { type: "string", value: "DURATION", description: "only samples up to so long ago" },
    preview: { type: "boolean", description: "show how much it is, and delete nothing" },
    yes: shared.yes,
    json: shared.json,
  },
  examples: [
    ["havn metrics delete 'http_requests_total{request_id!=\"\"}' --preview", "how much that is"],
    ["havn metrics delete '{job=\"old\"}' --yes", "a whole job, without asking"],
    ["havn metrics delete 'temperature{room=\"3\"}' --from 2h --until 1h", "an hour of nonsense"],
  ],
  async run({ arguments: [selector = ""], options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const ago = (name: string, text: string | undefined) => {
      if (text === undefined) return {};
      const length = findDuration(text);
      if (length === undefined)
        throw new UsageError(`--${name} "${text}" is no duration`, 'Write for example "2h".');
      return { [name]: io.now() - length };
    };
    const body = { match: [selector], ...ago("from", options.from), ...ago("until", options.until) };
    const send = (preview: boolean) =>
      api.post("/api/v1/metrics/delete", deletedAnswer, { body: { ...body, preview }, signal });
    const found = await send(true);
    if (!options.json) io.out(deletionView(found, io.style));
    if (options.preview || found.series === 0) {
      if (options.json) io.out(JSON.stringify(found, undefined, 2));
      return undefined;
    }
    if (!options.yes) {
      const otherwise = "Nothing was deleted. --yes deletes it without asking.";
      const answer = await io.ask(`\n${io.style.bold("Delete them for good?")} [y/N] `, otherwise, signal);
      if (!/^(y|yes|j|ja)$/i.test(answer.trim()))
        throw new HavnError("Not deleted: the answer was no", { detail: "Nothing was deleted." });
    }
    const deleted = await send(false);
    if (options.json) io.out(JSON.stringify(deleted, undefined, 2));
    else io.out(`${io.style.green("✓")} ${count(deleted.samples + deleted.histograms, "sample")} deleted.`);
    return undefined;
  },
});
