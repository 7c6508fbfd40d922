import { dashboardProperties, dashboardSummary, dashboardVersion } from "@havn/model";
import { z } from "zod";

export const dashboardsAnswer = z.object({ dashboards: z.array(dashboardSummary) });
export const dashboardImportAnswer = z.object({
  name: z.string(),
  notes: z.array(z.string()),
  dashboard: dashboardProperties,
  saved: dashboardSummary.optional(),
});
export const dashboardHistoryAnswer = z.object({ versions: z.array(dashboardVersion) });

/** Where a dashboard stands in the API. */
export const dashboardPath = (environment: string, name = "", more = ""): string =>
  `/api/v1/dashboards/${[environment, name].filter(Boolean).map(encodeURIComponent).join("/")}${more}`;
export const dashboardExportAnswer = z.object({ typescript: z.string(), dashboard: dashboardProperties });
