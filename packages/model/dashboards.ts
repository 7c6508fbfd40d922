import { z } from "zod";
import { durationText } from "./duration.ts";

/** How good or bad something is, in the page's own colours. */
export const dashboardTone = z.enum(["good", "info", "warn", "bad", "muted"]);
export type DashboardTone = z.infer<typeof dashboardTone>;

const short = z.string().max(500);
const promql = z.string().min(1).max(100_000);
const variableName = z.string().regex(/^\w{1,64}$/, "expected a name of letters, digits and underscores");

const link = z.strictObject({
  title: short,
  url: z
    .string()
    .max(5_000)
    .regex(/^(https?:\/\/|\/(?!\/))/, "expected https://… or a path of this page; variables are filled in"),
});

const variable = { name: variableName, label: short.optional(), hidden: z.boolean().optional() };
const choice = {
  ...variable,
  multi: z.boolean().optional().describe("several values at once"),
  all: z.boolean().optional().describe("one entry stands for all of them"),
  allValue: z
    .string()
    .max(1_000)
    .optional()
    .describe("what goes into expressions for all; unset: every value"),
  default: z.union([z.string(), z.array(z.string()).max(500)]).optional(),
};

const dashboardVariable = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("query"),
    ...choice,
    query: promql.describe(
      "label_values(metric, label), label_values(label), label_names(), metrics(regex) or query_result(expr)",
    ),
    regex: short
      .optional()
      .describe("keeps what it matches; a group (named text or value, or the first) is taken"),
    sort: z.enum(["name", "number", "none"]).optional(),
  }),
  z.strictObject({
    kind: z.literal("custom"),
    ...choice,
    options: z
      .array(z.union([z.string().max(1_000), z.strictObject({ text: short, value: z.string().max(1_000) })]))
      .max(500),
  }),
  z.strictObject({
    kind: z.literal("interval"),
    ...variable,
    options: z.array(z.string().max(20)).min(1).max(50).describe('durations; "auto" follows the range'),
    default: z.string().max(20).optional(),
  }),
  z.strictObject({ kind: z.literal("constant"), ...variable, value: z.string().max(1_000) }),
  z.strictObject({ kind: z.literal("text"), ...variable, default: z.string().max(1_000).optional() }),
]);
export type DashboardVariable = z.infer<typeof dashboardVariable>;

const panelQuery = z.strictObject({
  expr: promql,
  legend: short.optional().describe("{{label}} is filled in"),
  instant: z.boolean().optional().describe("only the newest value: for tables"),
  hidden: z.boolean().optional(),
});
export type PanelQuery = z.infer<typeof panelQuery>;

const threshold = z.strictObject({
  from: z.number().nullable().describe("null: from the lowest on"),
  tone: dashboardTone,
});
export type Threshold = z.infer<typeof threshold>;

const mapping = z.strictObject({
  value: short.optional(),
  from: z.number().optional(),
  to: z.number().optional(),
  pattern: z.string().max(500).optional(),
  text: short.optional(),
  tone: dashboardTone.optional(),
});
export type ValueMapping = z.infer<typeof mapping>;

/** Changes how some series of a panel, or columns of a table, are shown. */
const override = z.strictObject({
  match: z.strictObject({
    name: short.optional(),
    pattern: z.string().max(500).optional().describe("a regular expression"),
    query: z.number().int().min(0).optional().describe("number of the query, from 0"),
  }),
  title: short.optional(),
  unit: short.optional(),
  decimals: z.number().int().min(0).max(10).optional(),
  tone: dashboardTone.optional(),
  color: z.number().int().min(0).max(11).optional().describe("of the palette"),
  axis: z.enum(["left", "right"]).optional(),
  negative: z.boolean().optional().describe("drawn below the axis"),
  stack: z.boolean().optional(),
  fill: z.number().min(0).max(1).optional(),
  line: z.enum(["line", "bars", "points", "none"]).optional(),
  dashed: z.boolean().optional(),
  hidden: z.boolean().optional(),
});
export type PanelOverride = z.infer<typeof override>;

export const panelKinds = ["timeseries", "stat", "gauge", "bar", "table", "heatmap", "text", "row"] as const;
export type PanelKind = (typeof panelKinds)[number];
const panelReduction = z.enum(["last", "mean", "min", "max", "sum", "count", "first", "range", "delta"]);
export type PanelReduction = z.infer<typeof panelReduction>;

const panel = z.strictObject({
  kind: z.enum(panelKinds),
  title: short.default(""),
  description: z.string().max(10_000).optional(),
  queries: z.array(panelQuery).max(50).optional(),
  text: z
    .string()
    .max(100_000)
    .optional()
    .describe("of a text panel: headings, lists, emphasis, code and links of Markdown"),
  collapsed: z
    .boolean()
    .optional()
    .describe("of a row: the panels up to the next row wait until it is opened"),
  unit: short.optional(),
  decimals: z.number().int().min(0).max(10).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  thresholds: z.array(threshold).max(50).optional(),
  mappings: z.array(mapping).max(500).optional(),
  overrides: z.array(override).max(200).optional(),
  stack: z.enum(["off", "normal", "percent"]).optional(),
  fill: z.number().min(0).max(1).optional(),
  line: z.enum(["line", "bars", "points"]).optional(),
  logarithmic: z.boolean().optional(),
  legend: z.enum(["list", "table", "hidden"]).optional(),
  reduce: panelReduction
    .optional()
    .describe("of stat, gauge and bar: what becomes of each series; the newest value where left out"),
  interval: durationText.optional().describe("the shortest time between points"),
  x: z
    .number()
    .int()
    .min(0)
    .max(23)
    .optional()
    .describe("column on a grid 24 wide; unset: after the one before"),
  y: z.number().int().min(0).max(100_000).optional().describe("row of the grid, one about 38 pixels high"),
  width: z.number().int().min(1).max(24).optional(),
  height: z.number().int().min(1).max(200).optional(),
  repeat: variableName.optional().describe("one panel, or row with its panels, for each value of a variable"),
  repeatDown: z.boolean().optional(),
  links: z.array(link).max(50).optional(),
});
export type DashboardPanel = z.infer<typeof panel>;

/** As JSON. Every version of a dashboard is kept, and whoever looks at one loads it whole. */
const largestDashboard = 1024 ** 2;

/** Type `dashboard`: what is looked at, and how. */
export const dashboardProperties = z
  .strictObject({
    title: short.optional(),
    description: z.string().max(10_000).optional(),
    tags: z.array(z.string().max(100)).max(50).optional(),
    range: durationText.default("1h").describe("how far back it looks when opened"),
    refresh: durationText.optional(),
    variables: z.array(dashboardVariable).max(100).optional(),
    panels: z.array(panel).max(1_000).default([]),
    links: z.array(link).max(50).optional(),
  })
  .refine((dashboard) => JSON.stringify(dashboard).length <= largestDashboard, {
    error: "a dashboard is at most 1 MiB as JSON: make several of it",
  });
export type DashboardProperties = z.infer<typeof dashboardProperties>;

/**
 * `declared`: as the configuration says. `edited`: changed in the page since. `conflict`: changed in the page, and the
 * configuration has changed it since then too. `own`: made in the page or imported; no configuration declares it.
 */
const dashboardState = z.enum(["declared", "edited", "conflict", "own"]);
export type DashboardState = z.infer<typeof dashboardState>;

export const dashboardSummary = z.object({
  environment: z.string(),
  name: z.string(),
  title: z.string(),
  tags: z.array(z.string()),
  panels: z.number().describe("how many it has, rows aside"),
  state: dashboardState,
  revision: z
    .number()
    .describe("grows with every change, of either side; an edit names the one it began with"),
  changedBy: z.string(),
  changedAt: z.number(),
});
export type DashboardSummary = z.infer<typeof dashboardSummary>;

export const dashboardSchema = dashboardSummary.extend({
  dashboard: dashboardProperties.describe("what is shown: the edit where there is one"),
  declared: dashboardProperties.optional().describe("what the configuration says, where that differs"),
});
export type Dashboard = z.infer<typeof dashboardSchema>;

export const dashboardVersion = z.object({
  revision: z.number(),
  at: z.number(),
  actor: z.string(),
  what: z.enum(["declared", "edited", "imported", "restored", "discarded", "removed"]),
});
export type DashboardVersion = z.infer<typeof dashboardVersion>;
