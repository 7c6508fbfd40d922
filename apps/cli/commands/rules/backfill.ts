import { findDuration } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { backfillAnswer } from "../../api/telemetry.ts";
import { chooseEnvironment } from "../../flows/memory.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { count } from "../../views/words.ts";

/** So much history is asked for at once: each is done before the next begins, and the whole may be broken off. */
const windowMs = 6 * 3_600_000;

export const command = defineCommand({
  name: "rules backfill",
  summary: "evaluate recording rules over history",
  group: "Look",
  description:
    "Writes what recording rules would have written at their times, from --since until now. It may be broken off and " +
    "done again: the same samples come to the same places. Alerting rules are left alone.",
  access: ["metric:write"],
  options: {
    environment: shared.environment,
    since: { type: "string", value: "DURATION", description: "how far back, for example 30d" },
    group: { type: "string", value: "GROUP", description: "only rules of this group" },
    rule: { type: "string", value: "NAME", description: "only the rule that records this name" },
    json: shared.json,
  },
  examples: [
    ["havn rules backfill --since 30d", "all recording rules of the environment"],
    ["havn rules backfill --since 7d --rule job:http_requests:rate5m", "one of them"],
  ],
  async run({ options, globals, io, signal }) {
    const length = findDuration(options.since ?? "");
    if (length === undefined || length === 0)
      throw new UsageError("--since DURATION is needed", "Write for example --since 30d.");
    const api = await connect(globals, signal);
    const environment = await chooseEnvironment(options.environment, { globals, api, signal });
    const until = io.now();
    let samples = 0;
    let rules = 0;
    for (let from = until - length; from <= until; from += windowMs) {
      const body = {
        ...{ environment, from, until: Math.min(until, from + windowMs - 1) },
        ...(options.group !== undefined && { group: options.group }),
        ...(options.rule !== undefined && { rule: options.rule }),
      };
      const answer = await api.post("/api/v1/rules/backfill", backfillAnswer, { body, signal });
      samples += answer.samples;
      rules = answer.rules;
      const done = Math.round((100 * (Math.min(until, from + windowMs) - (until - length))) / length);
      if (!options.json)
        io.tell(`${done} %  ${new Date(from).toISOString().slice(0, 16)}Z  ${count(samples, "sample")}`);
    }
    if (options.json) io.out(JSON.stringify({ environment, rules, samples }, undefined, 2));
    else
      io.out(
        `${io.style.green("✓")} ${count(rules, "rule")} of ${environment}: ${count(samples, "sample")}.`,
      );
    return undefined;
  },
});
