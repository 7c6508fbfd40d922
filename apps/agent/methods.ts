import type { Balancer, Instances } from "@havn/delivery/agent";
import type { agentMethods, Handlers } from "@havn/fleet/protocol";
import type { Facts } from "@havn/model";
import type { Checks } from "./rooms/checks.ts";
import type { Commands } from "./rooms/commands.ts";
import type { Copies } from "./rooms/copies.ts";
import type { Resources } from "./rooms/resources.ts";
import type { DesiredState } from "./state/desired.ts";

/** What the control plane may ask of this agent, and which room answers. */
export function createMethods(options: {
  readFacts(): Promise<Facts>;
  state: DesiredState;
  resources: Resources;
  instances: Instances;
  balancer: Balancer;
  commands: Commands;
  copies: Copies;
  checks: Checks;
  /** What the host shall be has changed. */
  desiredChanged(): void;
  rest(): Promise<void>;
  /** Nothing of what Havn put here shall be left. */
  leave(): Promise<void>;
}): Handlers<typeof agentMethods> {
  const { state, resources, instances, balancer, commands, copies, checks } = options;
  return {
    "facts.read": () => options.readFacts(),
    "facts.gather": async ({ names, defined }) => ({ facts: await resources.facts(names, defined) }),
    "host.inventory": (params) => resources.inventory(params),
    "resources.read": async (params) => ({ readings: await resources.read(params) }),
    "bundle.apply": async (bundle, { progress }) => ({ reports: await resources.apply(bundle, progress) }),
    "undo.read": async (question) => ({ readings: await resources.readUndo(question) }),
    "undo.apply": async (bundle, { progress }) => ({ reports: await resources.applyUndo(bundle, progress) }),
    "desired.put": async (desired) => {
      await state.put(desired);
      options.desiredChanged();
      return { revision: state.revision() };
    },
    "instance.start": (spec) => instances.start(spec),
    "instance.waitHealthy": ({ id, timeoutMs }) => instances.waitHealthy(id, timeoutMs),
    "instance.stop": async ({ id }) => {
      await instances.stop(id);
      return {};
    },
    "balancer.apply": (spec) => balancer.apply(spec),
    "balancer.waitUp": async (request) => {
      await balancer.waitUp(request);
      return {};
    },
    "balancer.drain": (request) => balancer.drain(request),
    "balancer.remove": async ({ name }) => {
      await balancer.remove(name);
      return {};
    },
    "command.run": (spec, { signal }) => commands.run(spec, signal),
    "copy.to": (spec, { signal, progress }) => copies.to(spec, signal, progress),
    "copy.from": (spec, { signal }) => copies.from(spec, signal),
    "checks.run": async ({ addresses }) => ({ results: await checks.run(addresses) }),
    "host.leave": async () => {
      await options.leave();
      return {};
    },
    "host.rest": async () => {
      await options.rest();
      return {};
    },
  };
}
