import { findReferences, formatAddress, HavnError, resolveReferences } from "@havn/model";

/** What references stand for, asked of the rooms that know. */
export interface ReferenceSources {
  secrets: { ensure(environment: string, name: string): Promise<string> };
  hostAddress(host: string): string | undefined;
}

/** Opens the references in what is about to be sent to a host of `environment`. */
export function createResolve(sources: ReferenceSources): <T>(environment: string, value: T) => Promise<T> {
  return async (environment, value) => {
    const secrets = new Map<string, string>();
    for (const reference of findReferences(value))
      if ("$secret" in reference && !secrets.has(reference.$secret))
        secrets.set(reference.$secret, await sources.secrets.ensure(environment, reference.$secret));
    return resolveReferences(value, {
      host: (name, attribute) => (attribute === "name" ? name : addressOf(sources, environment, name)),
      secret: (name) => secrets.get(name) ?? "",
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
