import { lazy } from "../../kit/lazy.tsx";
import { definePage } from "../../kit/page.ts";

export const page = definePage({
  path: "/environments/:environment/try-rule",
  title: (messages, { environment }) => `${messages.tryRule.title} · ${environment}`,
  load: async () => undefined,
  view: lazy(() => import("./try.tsx")),
});
