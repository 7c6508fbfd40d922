import { useEffect, useState } from "preact/hooks";
import { useApplication, useFormats, useMessages } from "../kit/context.ts";
import { quoted } from "../kit/prometheus.ts";

interface Piece {
  state: number;
  hard: boolean;
  from: number;
  to: number;
}

const names = ["ok", "warning", "critical", "unknown"] as const;
const points = 288;

/** Which state a check was in over time, as one band; what was not believed yet is paler. */
export function StateBand({ address, seconds }: { address: string; seconds: number }) {
  const messages = useMessages().checks;
  const formats = useFormats();
  const { pieces, start, end } = usePieces(address, seconds);
  if (!pieces) return <div class="state-band" />;
  const length = end - start;
  const share = (state: number) =>
    pieces.filter((one) => one.state === state).reduce((sum, one) => sum + one.to - one.from, 0);
  const known = pieces.reduce((sum, one) => sum + one.to - one.from, 0) || 1;
  const said = names
    .map((name, state) => [name, share(state) / known] as const)
    .filter(([, part]) => part > 0)
    .map(([name, part]) => `${messages.states[name]} ${formats.percent(part)}`);
  return (
    <figure class="band-figure">
      <div class="state-band" role="img" aria-label={said.join(", ")}>
        {pieces.map(({ state, hard, from, to }) => (
          <i
            key={from}
            class={`band-${names[state] ?? "unknown"}${hard ? "" : " band-soft"}`}
            style={{ left: `${((from - start) / length) * 100}%`, width: `${((to - from) / length) * 100}%` }}
            title={`${messages.states[names[state] ?? "unknown"]} ${formats.dateTime(from * 1000)} – ${formats.dateTime(to * 1000)}`}
          />
        ))}
      </div>
      <figcaption>
        <time>{formats.dateTime(start * 1000)}</time>
        <span>{pieces.length === 0 ? messages.noHistory : said.join(" · ")}</span>
        <time>{formats.time(end * 1000)}</time>
      </figcaption>
    </figure>
  );
}

function usePieces(address: string, seconds: number) {
  const { api } = useApplication();
  const [found, setFound] = useState<{ pieces?: Piece[]; start: number; end: number }>({ start: 0, end: 1 });
  useEffect(() => {
    const stopping = new AbortController();
    const load = async () => {
      const step = Math.max(5, Math.round(seconds / points));
      const end = Math.floor(Date.now() / 1000);
      const range = { start: end - seconds, end, step };
      const of = (metric: string) =>
        api.queryRange({ expr: `${metric}{resource=${quoted(address)}}`, ...range }, stopping.signal);
      const [[state], [hard]] = await Promise.all([of("havn_check_state"), of("havn_check_hard_state")]);
      const believed = new Map(hard?.values?.map(([at, value]) => [at, Number(value)]));
      setFound({ ...range, pieces: piecesOf(state?.values ?? [], believed, step) });
    };
    // The page is worth seeing without it.
    const look = () => void load().catch(() => undefined);
    look();
    const timer = setInterval(() => !document.hidden && look(), 15_000);
    return () => {
      stopping.abort();
      clearInterval(timer);
    };
  }, [address, seconds]);
  return found;
}

/** Neighbours of the same state in one. */
function piecesOf(
  values: readonly [number, string][],
  believed: ReadonlyMap<number, number>,
  step: number,
): Piece[] {
  const pieces: Piece[] = [];
  for (const [at, text] of values) {
    const state = Number(text);
    const hard = (believed.get(at) ?? state) === state;
    const last = pieces.at(-1);
    if (last && last.state === state && last.hard === hard && at - last.to <= step) last.to = at;
    else pieces.push({ state, hard, from: last && at - last.to <= step ? last.to : at, to: at });
  }
  return pieces;
}
