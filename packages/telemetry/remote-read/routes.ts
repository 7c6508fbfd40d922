import { defineRoute, type Route } from "@havn/http";
import type { Querier } from "@havn/promql";
import { z } from "zod";
import { malformedBody } from "../metrics/labels.ts";
import { decodeBody, encodingOf, largestDecoded, readBody } from "../receive/body.ts";
import { decodeRequest } from "./messages.ts";
import { answerRead } from "./read.ts";

/** Prometheus' remote read: another Prometheus asks us for samples as if they were its own. */
export function remoteReadRoutes({
  querier,
  hasHistograms,
}: {
  querier: Querier;
  hasHistograms: () => boolean;
}): Route[] {
  return ["/api/v1/read", "/prometheus/api/v1/read"].map((path) =>
    defineRoute({
      method: "POST",
      path,
      summary: "Prometheus remote read: samples, or chunks as a stream",
      access: { action: "metric:read" },
      reads: true,
      consumes: "stream",
      bodyLimit: largestDecoded,
      response: z.unknown(),
      handle: async ({ raw, headers, signal }) => {
        const body = decodeBody(await readBody(raw), encodingOf(headers["content-encoding"], ["snappy"]));
        let request: ReturnType<typeof decodeRequest>;
        try {
          request = decodeRequest(body);
        } catch (cause) {
          if (!(cause instanceof TypeError)) throw cause;
          throw malformedBody("remote read request", cause.message, cause);
        }
        return answerRead(request, { querier, hasHistograms: hasHistograms(), signal });
      },
    }),
  );
}
