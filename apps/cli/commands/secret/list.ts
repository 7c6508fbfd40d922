import { connect } from "../../api/connect.ts";
import { environmentsAnswer, secretsAnswer } from "../../api/schemas.ts";
import { findUsers, type SecretUser } from "../../flows/secrets.ts";
import { defineCommand, shared } from "../../kit/command.ts";
import { secretsView } from "../../views/secrets.ts";

export const command = defineCommand({
  name: "secret list",
  summary: "the secrets there are, their versions and who uses them; never their values",
  group: "Access",
  description:
    "Those that the control plane keeps, and those that stand encrypted in the repository, with the resources and hosts " +
    "that use them as they were applied last.",
  access: ["secret:read", "environment:read"],
  options: {
    environment: { ...shared.environment, description: "only of this environment" },
    json: shared.json,
  },
  examples: [
    ["havn secret list", "of all environments"],
    ["havn secret list -e prod --json", "for programs"],
  ],
  async run({ options, globals, io, signal }) {
    const api = await connect(globals, signal);
    const query = { environment: options.environment };
    const { secrets } = await api.get("/api/v1/secrets", secretsAnswer, { query, signal });
    const { environments } = await api.get("/api/v1/environments", environmentsAnswer, { signal });
    const usage = new Map<string, ReadonlyMap<string, SecretUser[]>>();
    for (const { environment } of environments)
      if (options.environment === undefined || options.environment === environment)
        usage.set(environment, await findUsers({ api, signal }, environment));
    const kept = secrets.map((secret) => ({
      ...secret,
      usedBy: usage.get(secret.environment)?.get(secret.name) ?? [],
    }));
    const known = new Set(secrets.map(({ environment, name }) => `${environment}/${name}`));
    const inRepository = [...usage].flatMap(([environment, users]) =>
      [...users]
        .filter(([name]) => !known.has(`${environment}/${name}`))
        .map(([name, usedBy]) => ({ environment, name, usedBy })),
    );
    io.out(
      options.json
        ? JSON.stringify({ secrets: kept, inRepository }, undefined, 2)
        : secretsView({ kept, inRepository }, { style: io.style, now: io.now() }),
    );
    return undefined;
  },
});
