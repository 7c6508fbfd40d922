import { useEffect, useMemo, useState } from "preact/hooks";
import { catalogues } from "../i18n/index.ts";
import { ApiError, createApi, type Session } from "../kit/api.ts";
import { ApplicationContext } from "../kit/context.ts";
import { createFormats } from "../kit/format.ts";
import { type LiveClient, openLive } from "../kit/live.ts";
import { keep, type Language, preferredLanguage, preferredTheme, type Theme } from "../kit/preferences.ts";
import { navigate, usePlace } from "../kit/router.ts";
import { Shell } from "./shell.tsx";
import { SignIn } from "./sign-in.tsx";
import { Unreachable } from "./unreachable.tsx";

type Access =
  | { state: "asking" }
  | { state: "in"; session: Session }
  | { state: "out" }
  | { state: "unreachable" };

export function App() {
  const [access, setAccess] = useState<Access>({ state: "asking" });
  const [language, setLanguage] = useState(preferredLanguage);
  const [theme, setTheme] = useState(preferredTheme);
  const place = usePlace();
  const api = useMemo(() => createApi(() => setAccess({ state: "out" })), []);
  const ask = () =>
    api
      .session()
      .then((session) => setAccess({ state: "in", session }))
      .catch((cause: unknown) => {
        const signedOut = cause instanceof ApiError && cause.status === 401;
        setAccess({ state: signedOut ? "out" : "unreachable" });
      });

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => void ask(), []);
  const live = useLive(access.state === "in", () => void api.session().catch(() => undefined));

  const messages = catalogues[language];
  const formats = useMemo(() => createFormats(language), [language]);
  const choices = {
    language,
    messages,
    formats,
    theme,
    setLanguage(next: Language) {
      keep("havn.language", next);
      setLanguage(next);
    },
    setTheme(next: Theme) {
      keep("havn.theme", next);
      setTheme(next);
    },
  };

  if (place.pathname === "/sign-in" || access.state === "out")
    return (
      <SignIn
        {...choices}
        api={api}
        signedIn={(session) => {
          setAccess({ state: "in", session });
          if (location.pathname === "/sign-in") navigate("/", { replace: true });
        }}
      />
    );
  if (access.state === "unreachable") return <Unreachable messages={messages} retry={() => void ask()} />;
  if (access.state !== "in" || !live) return null;
  return (
    <ApplicationContext.Provider value={{ ...choices, api, live, session: access.session }}>
      <Shell place={place} signedOut={() => setAccess({ state: "out" })} />
    </ApplicationContext.Provider>
  );
}

/** The live connection of a signed-in visitor. */
function useLive(wanted: boolean, refused: () => void): LiveClient | undefined {
  const [live, setLive] = useState<LiveClient>();
  useEffect(() => {
    if (!wanted) return;
    const url = new URL("/api/v1/live", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const opened = openLive(url.href, refused);
    setLive(opened);
    return () => {
      opened.close();
      setLive(undefined);
    };
  }, [wanted]);
  return live;
}
