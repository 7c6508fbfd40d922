import { createPrivateKey, X509Certificate } from "node:crypto";
import { systemClock } from "@havn/model";
import { readOwnFile } from "../read-files.ts";
import type { Attributes, HostReads, ResourceReader } from "../type.ts";
import type { CertificateObserved, CertificateProperties } from "./definition.ts";

const dayMs = 86_400_000;

const reader: ResourceReader<CertificateProperties, CertificateObserved> = {
  read: (resources, host) =>
    Promise.all(
      resources.map(async ({ address, properties }) => ({
        ...(await readFiles(properties, host)),
        ours: host.isOurs(address),
      })),
    ),
};
export default reader;

async function readFiles(
  paths: CertificateProperties,
  host: HostReads,
): Promise<Omit<CertificateObserved, "ours">> {
  const file = await readOwnFile(paths.certificate, host);
  const key = await readOwnFile(paths.key, host);
  const authority = paths.authority === undefined || (await readOwnFile(paths.authority, host)) !== undefined;
  const parsed = file && parse(file.content);
  return {
    authority,
    key: key && attributesOf(key),
    certificate: parsed && {
      names: namesOf(parsed),
      selfSigned: parsed.issuer === parsed.subject,
      fitsKey: key !== undefined && fits(parsed, key.content),
      daysLeft: Math.floor((Date.parse(parsed.validTo) - systemClock.now()) / dayMs),
      attributes: attributesOf(file),
    },
  };
}

const attributesOf = ({ owner, group, mode }: Attributes): Attributes => ({ owner, group, mode });

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function fits(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** As they are declared: node writes "DNS:shop.example.org, IP Address:10.0.0.7". */
const namesOf = ({ subjectAltName = "" }: X509Certificate): string[] =>
  subjectAltName.split(", ").flatMap((name) => {
    const value = /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1];
    return value === undefined ? [] : [canonicalName(value)];
  });

/** node writes IPv6 addresses in full. */
const canonicalName = (name: string): string =>
  /^[0-9A-F]+(:[0-9A-F]+){7}$/i.test(name) ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name;
