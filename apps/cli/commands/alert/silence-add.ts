import { findDuration } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { newSilence, previewAnswer } from "../../api/response.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { Interrupted, UsageError } from "../../kit/exit.ts";
import { coversView } from "../../views/silences.ts";

const oneMatcher = /^([A-Za-z_]\w*)(=~|!~|!=|=)"?(.*?)"?$/s;

export const command = defineCommand({
  name: "silence add",
  summary: "mute alerts for a while; what it covers is told first",
  description:
    "Before anything is muted, this tells which alerts that fire now it covers, which checks, rules, hosts and services, and how many pages of the last 30 days it would have held back. At a terminal it asks then.",
  group: "Environments",
  access: ["silence:create", "silence:read"],
  arguments: [{ name: "MATCHERS", description: 'parted by commas: host=web-1,severity!="critical"' }],
  options: {
    for: { type: "string", value: "DURATION", description: "how long (1h where unset)" },
    comment: { type: "string", value: "TEXT", description: "why, as others see it" },
    "dry-run": { type: "boolean", description: "only tell what it would cover" },
    yes: shared.yes,
    json: shared.json,
  },
  examples: [
    ["havn silence add host=web-1 --for 30m --comment 'new disk'", "everything about web-1"],
    ["havn silence add 'alertname=~\"shop-.*\"' --dry-run", "what it would cover now"],
  ],
  async run({ arguments: [text = ""], options, globals, io, signal }) {
    const duration = findDuration(options.for ?? "1h");
    if (duration === undefined)
      throw new UsageError(`--for "${options.for}" is no duration`, 'Write for example "30m" or "2h".');
    const written = text.split(/,(?=[A-Za-z_]\w*(?:=|!))/);
    const matchers = written.map((one) => {
      const [, name = "", operator = "", value = ""] = oneMatcher.exec(one) ?? [];
      if (name === "")
        throw new UsageError(`"${one}" is no matcher`, 'Write for example host=web-1 or env=~"a|b".');
      return { name, value, isRegex: operator.endsWith("~"), isEqual: operator.startsWith("=") };
    });
    const api = await connect(globals, signal);
    const preview = { body: { matchers: written }, signal };
    const covers = await api.post("/api/v1/silences/preview", previewAnswer, preview);
    const view = () => coversView(covers, { style: io.style, now: io.now() });
    if (options["dry-run"]) {
      io.out(options.json ? JSON.stringify(covers, undefined, 2) : view());
      return undefined;
    }
    io.tell(view());
    if (io.live && !options.yes) {
      const answer = await io.ask("Silence it? [y/N] ", "Run it with --yes.", signal);
      if (!/^y(es)?$/i.test(answer.trim())) throw new Interrupted("Nothing was silenced.");
    }
    const now = io.now();
    const body = {
      ...{ matchers, comment: options.comment ?? "", createdBy: globals.environment["USER"] ?? "havn" },
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + duration).toISOString(),
    };
    const { silenceID } = await api.post("/api/v2/silences", newSilence, { body, signal });
    io.out(options.json ? JSON.stringify({ silenceID, covers }, undefined, 2) : silenceID);
    return undefined;
  },
});
