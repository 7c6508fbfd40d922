import { lazy } from "../../kit/lazy.tsx";
import { definePage } from "../../kit/page.ts";

export const page = definePage({
  path: "/explore",
  nav: { label: "explore", icon: "explore", order: 15, key: "x", group: "observe" },
  title: (messages) => messages.nav.explore,
  load: async () => undefined,
  view: lazy(() => import("./explorer.tsx")),
});
