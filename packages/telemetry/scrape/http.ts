import type { HttpConfig } from "@havn/prometheus";
import type { HttpOptions } from "./fetch.ts";

const versions = { TLS10: "TLSv1", TLS11: "TLSv1.1", TLS12: "TLSv1.2", TLS13: "TLSv1.3" } as const;

/** Settings of a scrape config or a discovery, whose references have been opened. */
export function httpOf(config: HttpConfig): HttpOptions {
  const { tls_config: tls = {}, http_headers = {} } = config;
  const further = Object.entries(http_headers).map(([name, { values = [], secrets = [] }]) => [
    name.toLowerCase(),
    [...values, ...secrets.map(String)],
  ]);
  const authorization = authorizationOf(config);
  return {
    headers: {
      ...Object.fromEntries(further),
      ...(authorization !== undefined && { authorization }),
    },
    tls: {
      ca: tls.ca,
      cert: tls.cert,
      key: tls.key === undefined ? undefined : String(tls.key),
      servername: tls.server_name,
      rejectUnauthorized: tls.insecure_skip_verify === true ? false : undefined,
      minVersion: tls.min_version && versions[tls.min_version],
      maxVersion: tls.max_version && versions[tls.max_version],
    },
    followRedirects: config.follow_redirects ?? true,
  };
}

function authorizationOf({ basic_auth, authorization, bearer_token }: HttpConfig): string | undefined {
  if (basic_auth) {
    const { username = "", password = "" } = basic_auth;
    return `Basic ${Buffer.from(`${username}:${String(password)}`).toString("base64")}`;
  }
  if (authorization?.credentials !== undefined)
    return `${authorization.type ?? "Bearer"} ${String(authorization.credentials)}`;
  return bearer_token === undefined ? undefined : `Bearer ${String(bearer_token)}`;
}
