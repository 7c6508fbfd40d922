import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { formatDuration, type ProbeOf, parseDuration } from "@havn/model";
import { seconds } from "../measure.ts";
import type { Attempt } from "../probe.ts";
import { opened, securedOver } from "../socket.ts";

const dayMs = 86_400_000;

/** Who the server says it is: chain, name and how long the certificate, and each one above it, holds. */
export async function probeTls(probe: ProbeOf<"tls">, signal: AbortSignal): Promise<Attempt> {
  const began = performance.now();
  const socket = await opened(probe.host, probe.port, signal);
  try {
    // Taken as it is first, so that a wrong one can be described.
    const secured = await securedOver(socket, { ...probe, insecure: true });
    return judge(secured, probe, performance.now() - began);
  } finally {
    socket.destroy();
  }
}

function judge(secured: TLSSocket, probe: ProbeOf<"tls">, took: number): Attempt {
  const chain = chainOf(secured.getPeerCertificate(true));
  const [own] = chain;
  if (!own) return { state: "critical", output: "the server shows no certificate" };
  const now = Date.now();
  // The one that ends first ends the trust, wherever in the chain it stands.
  const soonest = chain.reduce((a, b) => (Date.parse(a.valid_to) <= Date.parse(b.valid_to) ? a : b));
  const left = Date.parse(soonest.valid_to) - now;
  const measures = [seconds("time", took), { label: "expires", value: Math.round(left / 1000), unit: "s" }];
  const name = textOf(own.subject?.CN);
  if (left <= 0)
    return { state: "critical", output: `${describe(soonest, own)} expired ${ago(-left)} ago`, measures };
  if (Date.parse(own.valid_from) > now)
    return {
      state: "critical",
      output: `the certificate of ${name} is not valid before ${own.valid_from}`,
      measures,
    };
  const otherName = checkServerIdentity(probe.name ?? probe.host, own);
  if (otherName) return { state: "critical", output: `not trusted: ${otherName.message}`, measures };
  if (secured.authorizationError)
    return { state: "critical", output: `not trusted: ${messageOf(secured.authorizationError)}`, measures };
  const output = `${describe(soonest, own)} holds for ${ago(left)} more, ${secured.getProtocol()}`;
  if (left < parseDuration(probe.criticalBefore)) return { state: "critical", output, measures };
  if (left < parseDuration(probe.warnBefore)) return { state: "warning", output, measures };
  return { state: "ok", output, measures };
}

function chainOf(leaf: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  for (
    let one: DetailedPeerCertificate | undefined = leaf;
    one?.valid_to && !chain.includes(one);
    one = one.issuerCertificate
  )
    chain.push(one);
  return chain;
}

const describe = (soonest: DetailedPeerCertificate, own: DetailedPeerCertificate): string =>
  soonest === own
    ? `the certificate of ${textOf(own.subject?.CN)}`
    : `its authority ${textOf(soonest.subject?.CN)}`;
const textOf = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(", ") : (value ?? "no name");
const ago = (milliseconds: number): string =>
  milliseconds < dayMs
    ? formatDuration(Math.max(1000, milliseconds - (milliseconds % 1000)))
    : `${Math.floor(milliseconds / dayMs)} days`;
const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
