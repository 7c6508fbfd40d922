import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { EnvironmentSummary } from "../kit/api.ts";
import { useApplication, useLiveState } from "../kit/context.ts";
import { focusFilter, useShortcuts } from "../kit/keyboard.ts";
import { matchPath } from "../kit/page.ts";
import { keep, read } from "../kit/preferences.ts";
import { navigate, type Place } from "../kit/router.ts";
import { pages } from "../pages.gen.ts";
import { Icon } from "../ui/icon.tsx";
import { EmptyState } from "../ui/states.tsx";
import { Help } from "./help.tsx";
import { PageFrame } from "./page-frame.tsx";
import { navPages, navPath, Sidebar } from "./sidebar.tsx";

export function Shell({ place, signedOut }: { place: Place; signedOut(): void }) {
  const { messages, live } = useApplication();
  const [menuOpen, setMenuOpen] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const liveState = useLiveState(live);
  const main = useRef<HTMLElement>(null);

  const found = useMemo(() => {
    for (const page of pages) {
      const params = matchPath(page.path, place.pathname);
      if (params) return { page, params };
    }
    return undefined;
  }, [place.pathname]);
  const environments = useEnvironments(place.pathname);
  const environment = found?.params.environment ?? usualEnvironment(environments);
  const arrived = useRef(false);

  useEffect(() => {
    if (found?.params.environment) keep("havn.environment", found.params.environment);
    setMenuOpen(false);
    // Not on arrival: then the first Tab must reach the skip link.
    if (arrived.current) main.current?.focus({ preventScroll: true });
    arrived.current = true;
    scrollTo(0, 0);
  }, [place.pathname]);

  const shortcuts = useMemo(() => {
    const keys: Record<string, () => void> = { "/": focusFilter, "?": () => setHelpOpen(true) };
    for (const { page, nav } of navPages) {
      const path = navPath(page.path, environment);
      if (path) keys[`g ${nav.key}`] = () => navigate(path);
    }
    return keys;
  }, [environment]);
  useShortcuts(shortcuts);

  return (
    <div class={menuOpen ? "shell menu-open" : "shell"}>
      <a class="skip" href="#main">
        {messages.skipToContent}
      </a>
      <header class="topbar">
        <button
          type="button"
          class="icon-button"
          aria-expanded={menuOpen}
          aria-controls="sidebar"
          aria-label={messages.shell.menu}
          onClick={() => setMenuOpen(!menuOpen)}
        >
          <Icon name={menuOpen ? "close" : "menu"} size={20} />
        </button>
        <a class="brand" href="/">
          <span class="brand-mark" />
          Havn
        </a>
        <span class="topbar-place">{found?.params.environment}</span>
      </header>
      <Sidebar
        environment={environment}
        environments={environments}
        pathname={place.pathname}
        openHelp={() => setHelpOpen(true)}
        signedOut={signedOut}
      />
      <main id="main" ref={main} tabIndex={-1}>
        {liveState === "reconnecting" && (
          <div class="banner" role="status">
            <Icon name="starting" /> <b>{messages.shell.reconnecting}</b> {messages.shell.reconnectingDetail}
          </div>
        )}
        {found ? (
          <PageFrame key={place.pathname} page={found.page} params={found.params} search={place.search} />
        ) : (
          <EmptyState icon="map" title={messages.common.notFound} detail={messages.common.notFoundDetail}>
            <a class="button" href="/">
              {messages.common.home}
            </a>
          </EmptyState>
        )}
      </main>
      {helpOpen && <Help environment={environment} close={() => setHelpOpen(false)} />}
    </div>
  );
}

function useEnvironments(pathname: string): EnvironmentSummary[] {
  const { api } = useApplication();
  const [environments, setEnvironments] = useState<EnvironmentSummary[]>([]);
  useEffect(() => {
    const stopping = new AbortController();
    api
      .environments(stopping.signal)
      .then((answer) => setEnvironments(answer.environments))
      // The page itself tells when the server does not answer.
      .catch(() => undefined);
    return () => stopping.abort();
  }, [pathname]);
  return environments;
}

/** Where no page names one: the one seen last, if it is still there. */
function usualEnvironment(environments: EnvironmentSummary[]): string | undefined {
  const kept = read("havn.environment");
  const usual = environments.find(({ environment }) => environment === kept) ?? environments[0];
  return usual?.environment;
}
