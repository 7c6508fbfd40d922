import type { EnvironmentStatus } from "@havn/model";
import { useEffect, useState } from "preact/hooks";
import type { EnvironmentSummary } from "../kit/api.ts";
import { useApplication, useLiveState } from "../kit/context.ts";
import { type NavGroup, navGroups, type Page } from "../kit/page.ts";
import { navigate, pathTo } from "../kit/router.ts";
import { pages } from "../pages.gen.ts";
import { HealthMark, hostHealth } from "../ui/health.tsx";
import { Icon } from "../ui/icon.tsx";

export const navPages = (pages as readonly Page[])
  .flatMap((page) => (page.nav ? [{ page, nav: page.nav }] : []))
  .sort((left, right) => left.nav.order - right.nav.order);

/** Where a page of the side bar is in this environment; undefined when it needs one and there is none. */
export function navPath(path: string, environment: string | undefined): string | undefined {
  if (!path.includes(":environment")) return path;
  return environment && path.replace(":environment", encodeURIComponent(environment));
}

interface SidebarProps {
  environment: string | undefined;
  environments: EnvironmentSummary[];
  pathname: string;
  openHelp(): void;
  signedOut(): void;
}

export function Sidebar({ environment, environments, pathname, openHelp, signedOut }: SidebarProps) {
  const { messages } = useApplication();
  const status = useStatus(environment);
  const firing = status?.alerts.filter(({ state }) => state === "firing").length ?? 0;
  return (
    <nav id="sidebar" class="sidebar" aria-label={messages.shell.label}>
      <a class="brand" href="/">
        <span class="brand-mark" />
        Havn
      </a>
      <EnvironmentPicker environment={environment} environments={environments} />
      {[undefined, ...navGroups].map((group) => (
        <NavList key={group ?? ""} {...{ group, environment, pathname, firing }} />
      ))}
      {environment && status && <Places {...{ environment, status, pathname }} />}
      <Foot openHelp={openHelp} signedOut={signedOut} />
    </nav>
  );
}

/** The pages of one heading. A page's own parts count as the page: where one is must show. */
function NavList(props: {
  group: NavGroup | undefined;
  environment: string | undefined;
  pathname: string;
  firing: number;
}) {
  const { messages } = useApplication();
  const { group, environment, pathname, firing } = props;
  const shown = navPages.flatMap(({ page, nav }) => {
    const path = nav.group === group ? navPath(page.path, environment) : undefined;
    return path ? [{ nav, path }] : [];
  });
  if (shown.length === 0) return null;
  const isCurrent = (path: string, covers: readonly string[] = []) =>
    path === pathname ||
    covers
      .map((one) => navPath(one, environment) ?? "")
      .some((one) => pathname === one || pathname.startsWith(`${one}/`));
  return (
    <div class="nav-group">
      {group && <h2>{messages.shell.groups[group]}</h2>}
      <ul class="nav">
        {shown.map(({ nav, path }) => (
          <li key={path}>
            <a href={path} aria-current={isCurrent(path, nav.covers) ? "page" : undefined}>
              <Icon name={nav.icon} /> <span>{messages.nav[nav.label]}</span>
              {nav.icon === "alert" && firing > 0 && <b class="count">{firing}</b>}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Places(props: { environment: string; status: EnvironmentStatus; pathname: string }) {
  const { environment, status, pathname } = props;
  const { shell } = useApplication().messages;
  const current = (href: string) => (pathname === href ? "page" : undefined);
  return (
    <div class="places">
      {status.services.length > 0 && <h2>{shell.services}</h2>}
      <ul class="nav">
        {status.services.map(({ name, health }) => {
          const href = pathTo("/environments/:environment/services/:service", { environment, service: name });
          return (
            <li key={name}>
              <a href={href} aria-current={current(href)}>
                <HealthMark health={health} compact /> <span>{name}</span>
              </a>
            </li>
          );
        })}
      </ul>
      {status.hosts.length > 0 && <h2>{shell.hosts}</h2>}
      <ul class="nav">
        {status.hosts.map((host) => {
          const href = pathTo("/environments/:environment/hosts/:host", { environment, host: host.name });
          return (
            <li key={host.name}>
              <a href={href} aria-current={current(href)}>
                <HealthMark health={hostHealth(host)} compact /> <span>{host.name}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function EnvironmentPicker(props: { environment: string | undefined; environments: EnvironmentSummary[] }) {
  const { messages } = useApplication();
  const { environment, environments } = props;
  if (environments.length === 0) return null;
  return (
    <label class="environment-picker">
      <span class="visually-hidden">{messages.shell.environment}</span>
      <select
        value={environment ?? ""}
        onChange={(event) =>
          navigate(pathTo("/environments/:environment", { environment: event.currentTarget.value }))
        }
      >
        {!environments.some((one) => one.environment === environment) && <option value="">–</option>}
        {environments.map((one) => (
          <option key={one.environment} value={one.environment}>
            {one.environment}
          </option>
        ))}
      </select>
    </label>
  );
}

function Foot({ openHelp, signedOut }: { openHelp(): void; signedOut(): void }) {
  const { api, live, messages, session, language, setLanguage, theme, setTheme } = useApplication();
  const { shell } = messages;
  const state = useLiveState(live);
  const signOut = () => void api.signOut().then(signedOut, signedOut);
  return (
    <footer class="sidebar-foot">
      <p class={`live live-${state}`} role="status">
        <i /> {state === "open" ? shell.live : state === "connecting" ? shell.connecting : shell.reconnecting}
      </p>
      <div class="foot-row">
        <fieldset class="segments" aria-label={shell.language}>
          {(["en", "nb"] as const).map((tag) => (
            <button
              type="button"
              key={tag}
              lang={tag}
              aria-pressed={language === tag}
              aria-label={tag === "en" ? "English" : "Norsk"}
              onClick={() => setLanguage(tag)}
            >
              {tag === "en" ? "EN" : "NO"}
            </button>
          ))}
        </fieldset>
        <fieldset class="segments" aria-label={shell.theme}>
          {(["light", "dark", "system"] as const).map((choice) => (
            <button
              type="button"
              key={choice}
              aria-pressed={theme === choice}
              aria-label={shell[choice]}
              title={shell[choice]}
              onClick={() => setTheme(choice)}
            >
              <Icon name={choice === "light" ? "sun" : choice === "dark" ? "moon" : "screen"} size={14} />
            </button>
          ))}
        </fieldset>
      </div>
      <div class="foot-row">
        <span class="who" title={session.role}>
          {session.actor.replace(/^user:/, "")} · {session.role}
        </span>
        <button
          type="button"
          class="icon-button"
          aria-label={shell.shortcuts}
          title={`${shell.shortcuts} (?)`}
          onClick={openHelp}
        >
          <Icon name="keyboard" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label={shell.signOut}
          title={shell.signOut}
          onClick={signOut}
        >
          <Icon name="signout" />
        </button>
      </div>
    </footer>
  );
}

/** The environment's state for the side bar; pages load their own. */
function useStatus(environment: string | undefined): EnvironmentStatus | undefined {
  const { api, live } = useApplication();
  const [status, setStatus] = useState<EnvironmentStatus>();
  useEffect(() => {
    setStatus(undefined);
    if (!environment) return;
    const stopping = new AbortController();
    const load = () =>
      void api
        .status(environment, stopping.signal)
        .then(setStatus)
        .catch(() => undefined);
    load();
    const leave = live.subscribe(
      `status:${environment}`,
      (data) => setStatus(data as EnvironmentStatus),
      load,
    );
    return () => {
      stopping.abort();
      leave();
    };
  }, [environment, live]);
  return status;
}
