import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  applySchema,
  dashboardSchema,
  dashboardSummary,
  environmentStatusSchema,
  planSchema,
  receiverPreviewSchema,
  receiverTestSchema,
  receiverViewSchema,
} from "@havn/model";
import { z } from "zod";
import { checkExplanation, checksAnswer } from "../api/checks.ts";
import { alertsAnswer, driftAnswer, explainedAnswer, queryAnswer } from "../api/schemas.ts";
import { createStyle, plain } from "../kit/style.ts";
import { compare } from "../testing/transcript.ts";
import { checkExplained, checksView } from "./checks.ts";
import { type Differences, differencesView } from "./compare.ts";
import { dashboardsView, dashboardView } from "./dashboards.ts";
import { driftView } from "./drift.ts";
import { explainedView } from "./explained.ts";
import { planView } from "./plan.ts";
import { applyResultView, progressLines, progressTree } from "./progress.ts";
import { queryView } from "./query.ts";
import { receiverPreviewView, receiversView, receiverTestView } from "./receivers.ts";
import { alertRows, statusView } from "./status.ts";

const now = 1_795_000_000_000;
const context = { style: plain, now };

/** By the first word of a case's name: what its JSON is, and how it is shown. */
const views: Record<string, (value: unknown) => string> = {
  plan: (value) => planView(planSchema.parse(value), plain),
  status: (value) => statusView(environmentStatusSchema.parse(value), context),
  alerts: (value) => alertRows(alertsAnswer.parse(value).alerts, context).join("\n"),
  drift: (value) => driftView("shop", driftAnswer.parse(value), context),
  diff: (value) => differencesView(value as Differences, plain),
  checks: (value) => checksView(checksAnswer.parse(value).checks, context),
  check: (value) => checkExplained(checkExplanation.parse(value), context),
  explained: (value) => explainedView(explainedAnswer.parse(value), plain),
  query: (value) => queryView(queryAnswer.parse(value), plain, 100),
  dashboards: (value) => dashboardsView(z.array(dashboardSummary).parse(value), context),
  dashboard: (value) => dashboardView(dashboardSchema.parse(value), context),
  receivers: (value) => receiversView(z.array(receiverViewSchema).parse(value), context),
  receiverpreview: (value) => receiverPreviewView(receiverPreviewSchema.parse(value), context),
  receivertest: (value) => receiverTestView(receiverTestSchema.parse(value), context),
  apply: (value) => {
    const apply = applySchema.parse(value);
    const steps = apply.steps.map((step) => ({ ...step, state: "waiting" as const }));
    const waits = apply.waits?.flatMap(({ until, ...wait }) => (until === undefined ? [] : [wait]));
    const begun = { ...apply, steps, waits };
    return [
      "== tree",
      ...progressTree(apply, { ...context, rows: 20 }),
      "== tree on a small terminal",
      ...progressTree(apply, { ...context, rows: 4 }),
      "== lines",
      ...progressLines(begun, apply),
      ...(apply.state === "running" ? [] : ["== result", applyResultView(apply, plain)]),
    ].join("\n");
  },
};

const folder = fileURLToPath(new URL("./testdata/", import.meta.url));
for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
  test(`view: ${name}`, () => {
    const view = views[name.split("-")[0] ?? ""];
    if (!view) throw new Error(`no view for ${name}`);
    const golden = `${folder}${name.replace(/json$/, "txt")}`;
    const text = `${view(JSON.parse(readFileSync(`${folder}${name}`, "utf8")))}\n`;
    compare(name, process.env.UPDATE_CASES ? "" : readFileSync(golden, "utf8"), text, (actual) =>
      writeFileSync(golden, actual),
    );
  });
}

test("colours change no words and no columns", () => {
  const status = environmentStatusSchema.parse(JSON.parse(readFileSync(`${folder}status-shop.json`, "utf8")));
  const coloured = statusView(status, { style: createStyle(true), now });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  compare("colours", statusView(status, context), coloured.replace(/\u001b\[\d+m/g, ""), () => {});
});
