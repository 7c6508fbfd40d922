import { useEffect, useRef, useState } from "preact/hooks";
import type { Messages } from "../i18n/index.ts";
import { type Api, ApiError, type Session } from "../kit/api.ts";
import type { Language } from "../kit/preferences.ts";

interface SignInProps {
  api: Api;
  messages: Messages;
  language: Language;
  setLanguage(language: Language): void;
  signedIn(session: Session): void;
}

/**
 * Takes the one-time code out of the address at once, so that it stays in no history. A person presses the button:
 * mail scanners that open links, some of them with JavaScript, would otherwise use the code up.
 */
export function SignIn({ api, messages, language, setLanguage, signedIn }: SignInProps) {
  const [code] = useState(() => (location.pathname === "/sign-in" ? location.hash.slice(1) : ""));
  const [state, setState] = useState<"ready" | "busy" | { failed: ApiError }>("ready");
  const button = useRef<HTMLButtonElement>(null);
  const text = messages.signIn;
  useEffect(() => {
    if (location.hash) history.replaceState(null, "", location.pathname);
    document.title = `${text.title} · Havn`;
    button.current?.focus();
  }, []);

  const signIn = async (event: Event) => {
    event.preventDefault();
    setState("busy");
    try {
      signedIn(await api.signIn(code));
    } catch (cause) {
      const failed = cause instanceof ApiError && cause.status > 0 ? cause : undefined;
      setState({ failed: failed ?? new ApiError(0, messages.common.unreachable, "") });
    }
  };
  const failed = typeof state === "object" ? state.failed : undefined;
  return (
    <main class="door">
      <form class="door-card" onSubmit={signIn}>
        <span class="brand-mark large" />
        <h1>{code ? text.title : text.needed}</h1>
        {code && !failed && (
          <>
            <p>{text.lead}</p>
            <button ref={button} type="submit" class="button primary wide" disabled={state === "busy"}>
              {state === "busy" ? text.busy : text.button}
            </button>
          </>
        )}
        {failed && (
          <p class="bad" role="alert">
            {failed.message}
          </p>
        )}
        {(!code || failed) && (
          <>
            <p>{text.how}</p>
            <pre class="command">./havn sign-in</pre>
            <p class="muted">{text.expires}</p>
          </>
        )}
      </form>
      <button
        type="button"
        class="link"
        lang={language === "en" ? "nb" : "en"}
        onClick={() => setLanguage(language === "en" ? "nb" : "en")}
      >
        {language === "en" ? "Norsk" : "English"}
      </button>
    </main>
  );
}
