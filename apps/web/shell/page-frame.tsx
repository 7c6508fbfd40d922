import { useEffect, useState } from "preact/hooks";
import { useApplication } from "../kit/context.ts";
import type { Page } from "../kit/page.ts";
import { ErrorState, LoadingState } from "../ui/states.tsx";

type Loaded = { state: "loading" } | { state: "ready"; data: unknown } | { state: "failed"; cause: unknown };

/** Loads a page's data, keeps it live, and shows the page, or why it cannot. */
export function PageFrame({
  page,
  params,
  search,
}: {
  page: Page;
  params: Record<string, string>;
  search: string;
}) {
  const { api, live, messages } = useApplication();
  const [loaded, setLoaded] = useState<Loaded>({ state: "loading" });
  const [round, setRound] = useState(0);
  const query = new URLSearchParams(search);
  const reload = () => setRound((before) => before + 1);
  const update = (change: (data: never) => unknown) =>
    setLoaded((before) =>
      before.state === "ready" ? { state: "ready", data: change(before.data as never) } : before,
    );

  useEffect(() => {
    const stopping = new AbortController();
    page
      .load({ api, params, query, signal: stopping.signal })
      .then((data) => setLoaded({ state: "ready", data }))
      .catch((cause: unknown) => {
        if (!stopping.signal.aborted) setLoaded({ state: "failed", cause });
      });
    return () => stopping.abort();
  }, [round, search]);

  useEffect(() => {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    // A storm of events loads the page a few times a second, not once an event.
    const soon = () => {
      waiting ??= setTimeout(() => {
        waiting = undefined;
        reload();
      }, 300);
    };
    const leaving = (page.live?.(params) ?? []).map(({ topic, update: change, again }) =>
      live.subscribe(
        topic,
        (message) => (again?.(message) ? soon() : update((data) => change(data, message))),
        reload,
      ),
    );
    return () => {
      clearTimeout(waiting);
      for (const leave of leaving) leave();
    };
  }, [live]);

  useEffect(() => {
    document.title = `${page.title(messages, params)} · Havn`;
  }, [messages]);

  switch (loaded.state) {
    case "loading":
      return <LoadingState />;
    case "failed":
      return <ErrorState cause={loaded.cause} retry={reload} />;
    case "ready": {
      const View = page.view;
      return <View data={loaded.data} params={params} query={query} reload={reload} update={update} />;
    }
  }
}
