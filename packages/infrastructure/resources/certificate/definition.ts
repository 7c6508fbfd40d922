import type { PropertyChange } from "@havn/model";
import { z } from "zod";
import { attributeChanges } from "../attributes.ts";
import { absolutePath, accountName, fileMode, textProperty } from "../text.ts";
import {
  type Attributes,
  type HostPlan,
  type Operation,
  type ResourceDefinition,
  unchanged,
  type Wanted,
} from "../type.ts";

export const certificateSchema = z.strictObject({
  certificate: absolutePath.describe("file of the certificate (PEM), with its authority's after it"),
  key: absolutePath.describe("file of its private key (PEM), which is made on the host and never leaves it"),
  authority: absolutePath.optional().describe("file of the authority's own certificate, for those who check"),
  names: z.array(textProperty).min(1).describe("DNS names and IP addresses that it is for"),
  issuer: z
    .enum(["havn", "self-signed"])
    .default("havn")
    .describe("who signs: the control plane's internal authority, or the key itself"),
  days: z.number().int().min(1).max(825).default(90).describe("how long one that signs itself is valid"),
  renewBefore: z
    .number()
    .int()
    .min(1)
    .max(365)
    .default(30)
    .describe("days before its end when it is renewed"),
  owner: accountName.default("root").describe("who owns the files"),
  group: accountName.default("root").describe("group of the files"),
  keyMode: fileMode.default("0600").describe("octal permissions of the key"),
});
export type CertificateProperties = Omit<z.output<typeof certificateSchema>, "names"> & { names: string[] };

export interface CertificateObserved {
  /** Undefined where there is none that can be read. */
  certificate?:
    | { names: string[]; selfSigned: boolean; fitsKey: boolean; daysLeft: number; attributes: Attributes }
    | undefined;
  /** Undefined where there is no key. */
  key?: Attributes | undefined;
  /** The authority's file is there, where one is declared. */
  authority: boolean;
  ours: boolean;
}

const certificate: ResourceDefinition<CertificateProperties, CertificateObserved> = {
  type: "certificate",
  schema: certificateSchema,
  plan: planCertificate,
  paths: ({ certificate, key, authority }) =>
    [certificate, key, authority].filter((path) => path !== undefined),
};
export default certificate;

function planCertificate(
  observed: CertificateObserved,
  desired: CertificateProperties,
  wanted: Wanted,
): HostPlan {
  if (wanted === "absent") return planRemoval(observed, desired);
  const reasons = reasonsToIssue(observed, desired);
  const { names, issuer, days, owner, group, keyMode } = desired;
  const paths = { certificate: desired.certificate, key: desired.key, authority: desired.authority };
  if (reasons.length > 0)
    return {
      action: observed.certificate ? "update" : "create",
      changes: reasons,
      operations: [{ kind: "issue certificate", ...paths, names, issuer, days, owner, group, keyMode }],
    };
  const files = [
    {
      path: desired.certificate,
      is: observed.certificate?.attributes,
      shall: { owner, group, mode: "0644" },
    },
    { path: desired.key, is: observed.key, shall: { owner, group, mode: keyMode } },
  ].map(({ path, is, shall }) => ({ path, shall, changes: attributeChanges(is ?? {}, shall) }));
  const differing = files.filter(({ changes }) => changes.length > 0);
  if (differing.length === 0) return unchanged;
  return {
    action: "update",
    changes: differing.flatMap(({ path, changes }) =>
      changes.map((change) => ({ ...change, property: `${change.property} of ${path}` })),
    ),
    operations: differing.map(({ path, shall }) => ({ kind: "set attributes", path, attributes: shall })),
  };
}

function reasonsToIssue(observed: CertificateObserved, desired: CertificateProperties): PropertyChange[] {
  const { certificate, key, authority } = observed;
  const names = [...desired.names].sort();
  if (!certificate) return [{ property: "names", after: names }];
  const before = [...certificate.names].sort();
  const changes: PropertyChange[] = [];
  if (before.join() !== names.join()) changes.push({ property: "names", before, after: names });
  const signer = certificate.selfSigned ? "self-signed" : "havn";
  if (signer !== desired.issuer) changes.push({ property: "issuer", before: signer, after: desired.issuer });
  if (!key || !certificate.fitsKey)
    changes.push({ property: "key", before: key ? "of another certificate" : "not there", after: "new" });
  if (desired.authority !== undefined && !authority)
    changes.push({ property: "authority", after: desired.authority });
  if (certificate.daysLeft < desired.renewBefore)
    changes.push({ property: "daysLeft", before: Math.max(certificate.daysLeft, 0), after: "renewed" });
  return changes;
}

/** What was there before Havn came stays. */
function planRemoval(
  { certificate, key, ours }: CertificateObserved,
  desired: CertificateProperties,
): HostPlan {
  if (!ours || (!certificate && !key)) return unchanged;
  const paths = [desired.certificate, desired.key, desired.authority].filter((path) => path !== undefined);
  return {
    action: "delete",
    changes: [{ property: "names", before: certificate?.names ?? [] }],
    operations: paths.map((path): Operation => ({ kind: "remove file", path })),
  };
}
