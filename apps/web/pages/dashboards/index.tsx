import { lazy } from "../../kit/lazy.tsx";
import { definePage } from "../../kit/page.ts";

export const page = definePage({
  path: "/environments/:environment/dashboards",
  nav: {
    ...{ label: "dashboards", icon: "dashboards", order: 14, key: "d", group: "observe" },
    covers: ["/environments/:environment/dashboards"],
  },
  title: (messages) => messages.nav.dashboards,
  load: ({ api, params: { environment }, signal }) => api.dashboards(environment, signal),
  view: lazy(() => import("./list.tsx")),
});
