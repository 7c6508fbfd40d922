import {
  findReferences,
  formatAddress,
  HavnError,
  resolveReferences,
  type SecretReference,
  secretKey,
} from "@havn/model";

/** What references stand for, asked of the rooms that know. */
export interface ReferenceSources {
  secrets: {
    /** Opens what a reference stands for; one that was never used is generated. */
    open(environment: string, reference: SecretReference): Promise<string>;
  };
  hostAddress(host: string): string | undefined;
}

/** Opens the references in what is about to be sent to a host of `environment`. */
export function createResolve(sources: ReferenceSources): <T>(environment: string, value: T) => Promise<T> {
  return async (environment, value) => {
    const secrets = new Map<string, string>();
    for (const reference of findReferences(value))
      if ("$secret" in reference && !secrets.has(secretKey(reference)))
        secrets.set(secretKey(reference), await sources.secrets.open(environment, reference));
    return resolveReferences(value, {
      host: (name, attribute) => (attribute === "name" ? name : addressOf(sources, environment, name)),
      secret: (_name, reference) => secrets.get(secretKey(reference)) ?? "",
    });
  };
}

function addressOf(sources: ReferenceSources, environment: string, name: string): string {
  const address = sources.hostAddress(formatAddress({ environment, type: "host", name }));
  if (address === undefined)
    throw new HavnError(`The address of host ${name} in ${environment} is not known yet`, {
      detail: "Something needs it before the host is made. Let it depend on the host.",
      status: 409,
    });
  return address;
}
