import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, forceLinting, linter, lintKeymap } from "@codemirror/lint";
import { Annotation, EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { useEffect, useRef } from "preact/hooks";
import { placeOf } from "./answer.ts";

/** What the server said of a query, at its place where it named one. */
export interface Finding {
  severity: "error" | "warning" | "info";
  message: string;
}

export interface EditorProps {
  value: string;
  label: string;
  hint: string;
  findings: readonly Finding[];
  /** `/` comes here. */
  first: boolean;
  onChange(text: string): void;
  onRun(): void;
}

const fromOutside = Annotation.define<boolean>();

/**
 * PromQL with colours, completion and findings. It lives in a shadow root: there CodeMirror's styles are style sheet
 * objects, which the page's content security policy lets be, and not style elements, which it does not.
 */
export default function PromqlEditor(props: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  latest.current = props;
  // What it told and has not been given back yet: whoever types is ahead of the page.
  const told = useRef<string[]>([]);

  useEffect(() => {
    if (!host.current) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const made = new EditorView({ root, parent: root, state: stateOf(props, latest, told.current) });
    view.current = made;
    // Whoever gives the focus to the host means the text in it.
    host.current.focus = () => made.focus();
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const same = editor.state.doc.toString() === props.value;
    if (!same && told.current.includes(props.value)) return;
    told.current.length = 0;
    if (same) return;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: props.value },
      annotations: fromOutside.of(true),
    });
  }, [props.value]);
  useEffect(() => {
    if (view.current) forceLinting(view.current);
  }, [JSON.stringify(props.findings)]);
  return <div ref={host} class="promql" {...(props.first && { "data-filter": true })} />;
}

function stateOf(props: EditorProps, latest: { current: EditorProps }, told: string[]): EditorState {
  const promql = new PromQLExtension().setComplete({
    remote: { apiPrefix: "/prometheus/api/v1", httpMethod: "GET" },
  });
  const run = () => {
    latest.current.onRun();
    return true;
  };
  return EditorState.create({
    doc: props.value,
    extensions: [
      history(),
      drawSelection(),
      bracketMatching(),
      closeBrackets(),
      autocompletion({ icons: false }),
      // What comes late must not open over the page once somebody has gone on.
      EditorView.domEventHandlers({ blur: (_, view) => void setTimeout(() => closeCompletion(view)) }),
      promql.asExtension(),
      syntaxHighlighting(colours),
      theme,
      EditorView.lineWrapping,
      placeholder(props.hint),
      EditorView.contentAttributes.of({
        "aria-label": props.label,
        spellcheck: "false",
        autocapitalize: "off",
      }),
      linter((editor) => findingsIn(editor.state.doc.toString(), latest.current), {
        delay: 250,
        needsRefresh: () => true,
      }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged || update.transactions.some((one) => one.annotation(fromOutside))) return;
        const text = update.state.doc.toString();
        told.push(text);
        latest.current.onChange(text);
      }),
      // Completion comes before it: Enter takes what is offered, and runs only where nothing is.
      keymap.of([...completionKeymap, ...closeBracketsKeymap]),
      Prec.low(
        keymap.of([
          { key: "Enter", run, shift: insertNewlineAndIndent },
          { key: "Mod-Enter", run },
          ...lintKeymap,
          ...historyKeymap,
          ...defaultKeymap,
        ]),
      ),
    ],
  });
}

/** What the server said, at its place; what the grammar has against the text is marked by the language itself. */
function findingsIn(text: string, { findings }: EditorProps): Diagnostic[] {
  if (text.trim() === "") return [];
  return findings.map(({ severity, message }) => ({
    ...(placeOf(message, text) ?? { from: 0, to: text.length }),
    severity,
    message,
  }));
}

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--series-3)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.name)], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.literal], color: "var(--warn)" },
  { tag: [tags.labelName, tags.propertyName], color: "var(--bad)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--muted)" },
  { tag: tags.invalid, textDecoration: "underline wavy var(--bad)" },
]);

const theme = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "transparent", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: "var(--mono)", padding: "7px 0", caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-placeholder": { color: "var(--muted)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--accent-soft) !important",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip": {
    border: "1px solid var(--border)",
    borderRadius: "6px",
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    boxShadow: "0 4px 14px rgb(0 0 0 / 14%)",
    maxWidth: "min(560px, 92vw)",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "260px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 9px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--accent-text)",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionDetail": { marginLeft: "12px", fontStyle: "normal", color: "var(--muted)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionInfo": { padding: "6px 10px", fontFamily: "Inter, system-ui, sans-serif" },
  ".cm-diagnostic": { padding: "5px 10px", whiteSpace: "pre-wrap", overflowWrap: "anywhere" },
});
