// Made by generate.ts from the folders of pages/. Do not edit.
import { page as alerts } from "./pages/alerts/index.tsx";
import { page as host } from "./pages/host/index.tsx";
import { page as map } from "./pages/map/index.tsx";
import { page as overview } from "./pages/overview/index.tsx";
import { page as service } from "./pages/service/index.tsx";
import { page as timeline } from "./pages/timeline/index.tsx";

export const pages = [alerts, host, map, overview, service, timeline] as const;

export type PagePath = "/environments/:environment/alerts" | "/environments/:environment/hosts/:host" | "/environments/:environment" | "/" | "/environments/:environment/services/:service" | "/environments/:environment/timeline";
