import { lazy } from "../../kit/lazy.tsx";
import { topics } from "../../kit/live.ts";
import { definePage } from "../../kit/page.ts";
import { faultyOf, type TryRuleData } from "./faulty.tsx";

export const page = definePage({
  path: "/environments/:environment/try-rule",
  title: (messages, { environment }) => `${messages.tryRule.title} · ${environment}`,
  async load({ api, params: { environment }, signal }): Promise<TryRuleData> {
    const { groups } = await api.rules(environment, signal);
    return { faulty: faultyOf(groups) };
  },
  live: ({ environment }) => [topics.happened<TryRuleData>(environment, /^apply\./)],
  view: lazy(() => import("./try.tsx")),
});
