import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { Messages } from "../i18n/index.ts";
import type { Api, Session } from "./api.ts";
import type { Formats } from "./format.ts";
import type { LiveClient, LiveState } from "./live.ts";
import type { Language, Theme } from "./preferences.ts";

/** What every component may use. */
export interface Application {
  api: Api;
  live: LiveClient;
  session: Session;
  language: Language;
  setLanguage(language: Language): void;
  theme: Theme;
  setTheme(theme: Theme): void;
  messages: Messages;
  formats: Formats;
}

export const ApplicationContext = createContext<Application | undefined>(undefined);

export function useApplication(): Application {
  const application = useContext(ApplicationContext);
  if (!application) throw new Error("used outside of the application");
  return application;
}

export const useMessages = (): Messages => useApplication().messages;
export const useFormats = (): Formats => useApplication().formats;

export function useLiveState(live: LiveClient): LiveState {
  const [state, setState] = useState(live.state);
  useEffect(() => {
    setState(live.state);
    return live.onState(setState);
  }, [live]);
  return state;
}

/** The time, anew every `everyMs`, for what reads "2 minutes ago". */
export function useNow(everyMs = 10_000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
