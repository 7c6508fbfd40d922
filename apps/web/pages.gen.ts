// Made by generate.ts from the folders of pages/. Do not edit.
import { page as alert } from "./pages/alert/index.tsx";
import { page as alerts } from "./pages/alerts/index.tsx";
import { page as applies } from "./pages/applies/index.tsx";
import { page as apply } from "./pages/apply/index.tsx";
import { page as check } from "./pages/check/index.tsx";
import { page as checks } from "./pages/checks/index.tsx";
import { page as dashboard } from "./pages/dashboard/index.tsx";
import { page as dashboards } from "./pages/dashboards/index.tsx";
import { page as explore } from "./pages/explore/index.tsx";
import { page as host } from "./pages/host/index.tsx";
import { page as incident } from "./pages/incident/index.tsx";
import { page as incidentFigures } from "./pages/incident-figures/index.tsx";
import { page as incidents } from "./pages/incidents/index.tsx";
import { page as map } from "./pages/map/index.tsx";
import { page as oncall } from "./pages/oncall/index.tsx";
import { page as overview } from "./pages/overview/index.tsx";
import { page as receivers } from "./pages/receivers/index.tsx";
import { page as runbookRun } from "./pages/runbook-run/index.tsx";
import { page as runbooks } from "./pages/runbooks/index.tsx";
import { page as service } from "./pages/service/index.tsx";
import { page as silences } from "./pages/silences/index.tsx";
import { page as statusPages } from "./pages/status-pages/index.tsx";
import { page as timeline } from "./pages/timeline/index.tsx";
import { page as tryRule } from "./pages/try-rule/index.tsx";

export const pages = [alert, alerts, applies, apply, check, checks, dashboard, dashboards, explore, host, incident, incidentFigures, incidents, map, oncall, overview, receivers, runbookRun, runbooks, service, silences, statusPages, timeline, tryRule] as const;

export type PagePath = "/environments/:environment/alerts/:alert" | "/environments/:environment/alerts" | "/environments/:environment/applies" | "/environments/:environment/applies/:apply" | "/environments/:environment/checks/:check" | "/environments/:environment/checks" | "/environments/:environment/dashboards/:dashboard" | "/environments/:environment/dashboards" | "/explore" | "/environments/:environment/hosts/:host" | "/environments/:environment/incidents/:incident" | "/environments/:environment/incident-figures" | "/environments/:environment/incidents" | "/environments/:environment" | "/environments/:environment/oncall" | "/" | "/environments/:environment/receivers" | "/environments/:environment/runbook-runs/:run" | "/environments/:environment/runbooks" | "/environments/:environment/services/:service" | "/environments/:environment/silences" | "/environments/:environment/status-pages" | "/environments/:environment/timeline" | "/environments/:environment/try-rule";
