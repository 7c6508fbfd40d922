import { lazy } from "../../kit/lazy.tsx";
import { definePage } from "../../kit/page.ts";

export const page = definePage({
  path: "/environments/:environment/dashboards/:dashboard",
  title: (_messages, { environment, dashboard }) => `${dashboard} · ${environment}`,
  load: ({ api, params: { environment, dashboard }, signal }) =>
    api.dashboard({ environment, name: dashboard }, signal),
  view: lazy(() => import("./dashboard.tsx")),
});
