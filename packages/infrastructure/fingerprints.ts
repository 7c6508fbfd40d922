import { findReferences, HavnError, parseAddress, type Resource, secretKey } from "@havn/model";
import { z } from "zod";
import type { InfrastructureOptions } from "./interfaces.ts";

export const fingerprintSchema = z.object({
  name: z.string(),
  sealed: z.string().optional().describe("which ciphertext, for one of the repository"),
  fingerprint: z.string().optional().describe("absent: it does not open now"),
});
export type Fingerprint = z.infer<typeof fingerprintSchema>;

/** Of every secret that resources of one environment refer to, once each. */
export async function findFingerprints(
  resources: readonly Resource[],
  { fingerprint }: Pick<InfrastructureOptions, "fingerprint">,
): Promise<Fingerprint[]> {
  const [first] = resources;
  if (!first) return [];
  const { environment } = parseAddress(first.address);
  const references = resources
    .flatMap(({ properties }) => findReferences(properties))
    .filter((reference) => "$secret" in reference);
  const unique = new Map(references.map((reference) => [secretKey(reference), reference]));
  return Promise.all(
    [...unique.values()].map(async (reference) => {
      const { $secret: name, sealed } = reference;
      try {
        return { name, sealed, fingerprint: await fingerprint(environment, reference) };
      } catch (error) {
        // One that was deleted or whose key is gone: it is compared by its name.
        if (error instanceof HavnError) return { name, sealed };
        throw error;
      }
    }),
  );
}
