import { type ProbeOf, parseDuration } from "@havn/model";
import type { Measure } from "../measure.ts";
import { compilePattern } from "../pattern.ts";
import type { Attempt } from "../probe.ts";
import { judgeAnswer } from "./judge.ts";
import { type Answer, ask } from "./request.ts";

/** One request, over a connection of its own, and those that redirects lead to. */
export async function probeHttp(probe: ProbeOf<"http">, signal: AbortSignal): Promise<Attempt> {
  let answer = await ask(probe, probe.url, signal);
  let followed = 0;
  for (; followed < probe.redirects && isRedirect(answer); followed++) {
    const next = new URL(String(answer.headers.location), answer.url);
    if (next.protocol !== "http:" && next.protocol !== "https:")
      return { state: "critical", output: `status ${answer.status}, redirected to ${next.protocol}` };
    // Not that of the hop before: a second redirect at the foreign place would get what the first one did not.
    const sameOrigin = next.origin === new URL(probe.url).origin;
    // Credentials are for whom they were given to; a POST that was answered goes on as a GET, as browsers do.
    const { headers, body, ...bare } = probe;
    const again = answer.status === 307 || answer.status === 308;
    const given = { ...bare, method: again ? probe.method : "GET" };
    answer = await ask(
      sameOrigin ? { ...given, headers, body: again ? body : undefined } : given,
      next.href,
      signal,
      answer,
    );
  }
  const measures = measuresOf(answer);
  const isMatch = probe.matches === undefined ? undefined : await compilePattern(probe.matches);
  const trouble = judgeAnswer(probe, answer, isMatch);
  if (trouble !== undefined) return { state: "critical", output: trouble, measures };
  const via = followed > 0 ? ` after ${followed} redirects` : "";
  if (probe.slow !== undefined && answer.phases.total > parseDuration(probe.slow))
    return {
      state: "warning",
      output: `status ${answer.status}${via}, but slower than ${probe.slow}`,
      measures,
    };
  return { state: "ok", output: `status ${answer.status}${via}`, measures };
}

const isRedirect = ({ status, headers }: Answer): boolean =>
  status >= 300 && status < 400 && headers.location !== undefined;

function measuresOf({ phases, bytes }: Answer): Measure[] {
  const phase = (label: string, milliseconds: number | undefined): Measure[] =>
    milliseconds === undefined ? [] : [{ label, value: milliseconds / 1000, unit: "s" }];
  return [
    { label: "time", value: phases.total / 1000, unit: "s" },
    ...phase("dns", phases.dns),
    ...phase("connect", phases.connect),
    ...phase("tls", phases.tls),
    ...phase("first_byte", phases.firstByte),
    ...phase("transfer", phases.transfer),
    { label: "size", value: bytes, unit: "B" },
  ];
}
