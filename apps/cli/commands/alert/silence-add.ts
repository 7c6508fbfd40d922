import { findDuration } from "@havn/model";
import { connect } from "../../api/connect.ts";
import { newSilence, previewAnswer } from "../../api/response.ts";
import { defineCommand } from "../../kit/command.ts";
import { UsageError } from "../../kit/exit.ts";
import { printable } from "../../kit/style.ts";

const oneMatcher = /^([A-Za-z_]\w*)(=~|!~|!=|=)"?(.*?)"?$/s;

export const command = defineCommand({
  name: "silence add",
  summary: "mute alerts for a while; what it covers now is told first",
  group: "Environments",
  access: ["silence:create", "silence:read"],
  arguments: [{ name: "MATCHERS", description: 'parted by commas: host=web-1,severity!="critical"' }],
  options: {
    for: { type: "string", value: "DURATION", description: "how long (1h where unset)" },
    comment: { type: "string", value: "TEXT", description: "why, as others see it" },
    "dry-run": { type: "boolean", description: "only tell what it would cover" },
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
    const { alerts } = await api.post("/api/v1/silences/preview", previewAnswer, preview);
    io.tell(alerts.length === 0 ? "It covers nothing that fires now." : `It covers ${alerts.length} now:`);
    for (const { summary } of alerts.slice(0, 20)) io.tell(`  ${printable(summary)}`);
    if (options["dry-run"]) return undefined;
    const now = io.now();
    const body = {
      ...{ matchers, comment: options.comment ?? "", createdBy: globals.environment["USER"] ?? "havn" },
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + duration).toISOString(),
    };
    const { silenceID } = await api.post("/api/v2/silences", newSilence, { body, signal });
    io.out(silenceID);
    return undefined;
  },
});
