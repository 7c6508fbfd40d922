import type { Event } from "@havn/model";
import type { Api } from "../kit/api.ts";
import type { Mark } from "./plot-options.ts";
import type { Window } from "./window.ts";

/** What is shown of the timeline over a graph. */
export const markKinds = ["rollout", "apply", "alert"] as const;
export type MarkKind = (typeof markKinds)[number];

const shown: Record<MarkKind, readonly string[]> = {
  rollout: ["rollout.finished", "rollout.failed"],
  apply: ["apply.finished", "apply.failed"],
  alert: ["alert.firing", "alert.resolved"],
};

const most = 300;

/** What happened in the window, oldest first. */
export async function askMarks(
  api: Api,
  given: { kinds: readonly MarkKind[]; environment?: string | undefined; window: Window },
  signal: AbortSignal,
): Promise<Mark[]> {
  const { kinds, environment, window } = given;
  const lists = await Promise.all(
    kinds.map((kind) =>
      api.events(
        {
          ...{ kind, environment, limit: most },
          ...{ since: Math.floor(window.start * 1000), until: Math.ceil(window.end * 1000) },
        },
        signal,
      ),
    ),
  );
  const wanted = new Set(kinds.flatMap((kind) => shown[kind]));
  return lists
    .flatMap(({ events }) => events)
    .filter(({ kind }) => wanted.has(kind))
    .map(markOf)
    .sort((a, b) => a.at - b.at);
}

function markOf({ at, kind, severity, summary, environment }: Event): Mark {
  const tone =
    kind === "alert.resolved"
      ? "good"
      : severity === "error"
        ? "bad"
        : severity === "warning"
          ? "warn"
          : "info";
  return {
    ...{ at: at / 1000, title: summary, tone },
    ...(environment && {
      href: `/environments/${encodeURIComponent(environment)}/timeline?kind=${kind.split(".")[0]}`,
    }),
  };
}
