// Made by generate.ts from the folders of pages/. Do not edit.
import { page as alerts } from "./pages/alerts/index.tsx";
import { page as applies } from "./pages/applies/index.tsx";
import { page as apply } from "./pages/apply/index.tsx";
import { page as dashboard } from "./pages/dashboard/index.tsx";
import { page as dashboards } from "./pages/dashboards/index.tsx";
import { page as explore } from "./pages/explore/index.tsx";
import { page as host } from "./pages/host/index.tsx";
import { page as map } from "./pages/map/index.tsx";
import { page as overview } from "./pages/overview/index.tsx";
import { page as service } from "./pages/service/index.tsx";
import { page as timeline } from "./pages/timeline/index.tsx";

export const pages = [alerts, applies, apply, dashboard, dashboards, explore, host, map, overview, service, timeline] as const;

export type PagePath = "/environments/:environment/alerts" | "/environments/:environment/applies" | "/environments/:environment/applies/:apply" | "/environments/:environment/dashboards/:dashboard" | "/environments/:environment/dashboards" | "/explore" | "/environments/:environment/hosts/:host" | "/environments/:environment" | "/" | "/environments/:environment/services/:service" | "/environments/:environment/timeline";
