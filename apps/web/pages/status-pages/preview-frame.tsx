import { useEffect, useRef } from "preact/hooks";

/**
 * The page as it is written, in a shadow of its own: its styles touch nothing here, and nothing in it runs. It forbids
 * being framed, as it should.
 */
export function PreviewFrame(props: { address: string; round: number; title: string }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const stopping = new AbortController();
    const show = async () => {
      // Others may see it a few seconds old: here it is what was just said.
      const answer = await fetch(props.address, { signal: stopping.signal, cache: "no-store" });
      const html = await answer.text();
      const css = /<style>(.*?)<\/style>/s.exec(html)?.[1] ?? "";
      // The page's policy takes no styles out of a document, only sheets of its own making.
      const parsed = new DOMParser().parseFromString(html.replace(/<style>.*?<\/style>/s, ""), "text/html");
      const root = element.current?.shadowRoot ?? element.current?.attachShadow({ mode: "open" });
      for (const script of parsed.querySelectorAll("script")) script.remove();
      const sheet = new CSSStyleSheet();
      // What it says of its whole document is of this shadow here.
      sheet.replaceSync(css.replaceAll(":root", ":host").replaceAll("body{", ".body{"));
      const body = document.createElement("div");
      body.className = "body";
      body.append(...parsed.body.childNodes);
      if (!root) return;
      root.adoptedStyleSheets = [sheet];
      root.replaceChildren(body);
    };
    // What is beside it tells the same.
    show().catch(() => undefined);
    return () => stopping.abort();
  }, [props.address, props.round]);
  return <div ref={element} class="status-frame" role="document" aria-label={props.title} lang="en" />;
}
