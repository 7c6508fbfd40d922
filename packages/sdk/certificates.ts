import type { Handle } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

export interface CertificateOptions extends HostResourceOptions {
  /**
   * DNS names and IP addresses that it is for.
   * @example names: ["shop.example.org", web1.address]
   */
  names: readonly Text[];
  /**
   * Who signs: the control plane's internal authority, or the key itself. Default: "havn".
   * @example issuer: "self-signed"
   */
  issuer?: "havn" | "self-signed";
  /**
   * File of the certificate, with its authority's after it. Default: the path given first, with ".crt".
   * @example certificate: "/etc/nginx/tls/shop.pem"
   */
  certificate?: string;
  /**
   * File of the private key. Default: the path given first, with ".key".
   * @example key: "/etc/nginx/tls/shop.key"
   */
  key?: string;
  /**
   * File of the authority's own certificate, for those who check. Default: not written.
   * @example authority: "/usr/local/share/ca-certificates/havn.crt"
   */
  authority?: string;
  /**
   * Days for which one that signs itself is valid. Default: 90.
   * @example days: 365
   */
  days?: number;
  /**
   * Days before its end when it is renewed. Default: 30.
   * @example renewBefore: 20
   */
  renewBefore?: number;
  /**
   * Who owns the files. Default: "root".
   * @example owner: "postgres"
   */
  owner?: string;
  /**
   * Group of the files. Default: "root".
   * @example group: "ssl-cert"
   */
  group?: string;
  /**
   * Permissions of the key, octal. Default: "0600".
   * @example keyMode: "0640"
   */
  keyMode?: string;
}

/** A certificate and its private key on a host. */
export interface CertificateHandle extends Handle {
  readonly type: "certificate";
  /** Path of the certificate. */
  readonly certificate: string;
  /** Path of the private key. */
  readonly key: string;
}

/**
 * A certificate and its private key, which is made on the host and never leaves it. It is made anew when its names
 * change and before it ends: put it into `reloadOn` of what serves with it, and the host into mode "enforce".
 *
 * @example
 * const tls = certificate("/etc/ssl/shop", { host: web1, names: ["shop.example.org"] });
 * systemdUnit("nginx", { host: web1, reloadOn: tls });
 */
export function certificate(path: string, options: CertificateOptions): CertificateHandle {
  const { certificate = `${path}.crt`, key = `${path}.key` } = options;
  const handle = declareOnHost("certificate", path, options, { fixed: { certificate, key } });
  return { ...handle, certificate, key };
}
