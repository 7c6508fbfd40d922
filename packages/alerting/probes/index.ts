import type { ProbeKind, ProbeOf, ProbeSpec } from "@havn/model";
import { probeBrowser } from "./browser/index.ts";
import { probeDns } from "./dns/index.ts";
import { probeFile } from "./file/index.ts";
import { probeHttp } from "./http/index.ts";
import { probeMysql } from "./mysql/index.ts";
import { probeNrpe } from "./nrpe/index.ts";
import { probePing } from "./ping/index.ts";
import { probePlugin } from "./plugin/index.ts";
import { probePostgres } from "./postgres/index.ts";
import type { Attempt, Probe } from "./probe.ts";
import { probeProcess } from "./process/index.ts";
import { probeRedis } from "./redis/index.ts";
import { probeSmtp } from "./smtp/index.ts";
import { probeTcp } from "./tcp/index.ts";
import { probeTls } from "./tls/index.ts";
import { probeUnit } from "./unit/index.ts";

const probes: { readonly [K in ProbeKind]: Probe<ProbeOf<K>> } = {
  ...{ http: probeHttp, tcp: probeTcp, tls: probeTls, dns: probeDns, ping: probePing, smtp: probeSmtp },
  ...{ postgres: probePostgres, mysql: probeMysql, redis: probeRedis },
  ...{ file: probeFile, process: probeProcess, unit: probeUnit },
  ...{ browser: probeBrowser, plugin: probePlugin, nrpe: probeNrpe },
};

export const runProbe = (spec: ProbeSpec, signal: AbortSignal): Promise<Attempt> =>
  (probes[spec.kind] as Probe<ProbeSpec>)(spec, signal);
