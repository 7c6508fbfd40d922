import type { LogRecord } from "@havn/model";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../kit/context.ts";
import { Icon } from "./icon.tsx";

const severities = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
/** Lines kept in the page; older ones are a query away. */
const maximumLines = 1000;

interface LogsProps {
  environment: string;
  host?: string;
  service?: string;
}

/** The newest lines, more as they come; stops following while a person reads further up. */
export function Logs({ environment, host, service }: LogsProps) {
  const { records, more } = useRecords({
    environment,
    ...(host ? { host } : {}),
    ...(service ? { service } : {}),
  });
  const messages = useMessages().logs;
  const [text, setText] = useState("");
  const [least, setLeast] = useState<(typeof severities)[number]>("trace");
  const shown = records.filter(
    (record) =>
      severities.indexOf(record.severity) >= severities.indexOf(least) &&
      (text === "" || record.body.toLowerCase().includes(text.toLowerCase())),
  );
  return (
    <section class="panel flush logs">
      <header>
        <h2>{messages.title}</h2>
        <input
          type="search"
          data-filter
          placeholder={messages.filter}
          aria-label={messages.filter}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <select
          aria-label={messages.severities}
          value={least}
          onChange={(event) => setLeast(event.currentTarget.value as typeof least)}
        >
          <option value="trace">{messages.anySeverity}</option>
          {severities.slice(2).map((severity) => (
            <option key={severity} value={severity}>
              ≥ {severity}
            </option>
          ))}
        </select>
      </header>
      <Lines
        records={shown}
        several={!service || !host}
        total={more}
        empty={text ? messages.emptyFilter : messages.empty}
      />
    </section>
  );
}

function Lines(props: { records: LogRecord[]; several: boolean; total: number; empty: string }) {
  const messages = useMessages().logs;
  const formats = useFormats();
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const [seen, setSeen] = useState(props.total);

  useLayoutEffect(() => {
    if (!following || !box.current) return;
    box.current.scrollTop = box.current.scrollHeight;
    setSeen(props.total);
  }, [props.records, following]);

  const onScroll = () => {
    const element = box.current;
    if (element) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < 24);
  };
  return (
    <div class="log-frame">
      <div
        class="log-lines"
        ref={box}
        onScroll={onScroll}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        role="log"
        aria-label={messages.label}
        aria-live="off"
      >
        {props.records.length === 0 && <p class="note">{props.empty}</p>}
        {props.records.map((record) => (
          <div
            class={`log-line severity-${record.severity}`}
            key={`${record.time}${record.instance}${record.body}`}
          >
            <time>{formats.time(Number(BigInt(record.time) / 1_000_000n))}</time>
            <b>{record.severity}</b>
            {props.several && <i>{record.host}</i>}
            <span>{record.body}</span>
          </div>
        ))}
      </div>
      {!following && (
        <button type="button" class="follow" onClick={() => setFollowing(true)}>
          <Icon name="play" size={12} /> {messages.follow}
          {props.total > seen && ` · ${messages.paused(props.total - seen)}`}
        </button>
      )}
    </div>
  );
}

/** `more` counts every line that came, also those that the page has dropped. */
function useRecords({ environment, host, service }: LogsProps): { records: LogRecord[]; more: number } {
  const { api, live } = useApplication();
  const [state, setState] = useState<{ records: LogRecord[]; more: number }>({ records: [], more: 0 });
  useEffect(() => {
    const stopping = new AbortController();
    const load = () =>
      api
        .logs({ environment, host, service, limit: 300 }, stopping.signal)
        .then(({ records }) => setState({ records, more: records.length }))
        // The page around it tells of an unreachable server; the lines come with the next connection.
        .catch(() => undefined);
    void load();
    const add = (records: LogRecord[]) => {
      const fitting = records.filter((record) => !host || record.host === host);
      if (fitting.length > 0)
        setState((before) => ({
          records: [...before.records, ...fitting].slice(-maximumLines),
          more: before.more + fitting.length,
        }));
    };
    // Lines of a host itself have no service and no topic of their own: they are asked for.
    const timer = service === undefined ? setInterval(load, 5000) : undefined;
    const leave =
      service === undefined
        ? undefined
        : live.subscribe(`logs:${environment}:${service}`, (data) => add(data as LogRecord[]), load);
    return () => {
      stopping.abort();
      clearInterval(timer);
      leave?.();
    };
  }, [environment, host, service]);
  return state;
}
