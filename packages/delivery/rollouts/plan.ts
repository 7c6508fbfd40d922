import { instanceId } from "../releases/release.ts";

/**
 * Decides how a service gets from what runs to what is wanted. Pure: the flow carries the steps out, and asks again
 * with the previous release when it has to go back.
 */
export interface RolloutInput {
  service: string;
  release: string;
  hosts: string[];
  /** The declared port; with a balancer the next one is used too. */
  port: number;
  /** Every instance of the service that is recorded, whatever its release. */
  instances: PresentInstance[];
  /** Every slot; the instance in it, and whether it takes traffic. */
  balancer?: { slots: PresentSlot[] } | undefined;
}

export interface PresentInstance {
  id: string;
  host: string;
  release: string;
  port: number;
  /** It was healthy once in this place. False: an attempt that was cut short or failed. */
  serving: boolean;
}

export interface PresentSlot {
  slot: string;
  instance?: string | undefined;
  ready: boolean;
}

export type RolloutStep =
  | { kind: "start"; host: string; instance: string; port: number }
  | { kind: "wait-healthy"; host: string; instance: string }
  | { kind: "route"; slot: string; host: string; instance: string; port: number }
  | { kind: "wait-up"; slot: string; instance: string }
  | { kind: "drain"; slot: string; instance: string }
  | { kind: "stop"; host: string; instance: string };

/** Stages go one after the other; the lanes of one go side by side, the steps of a lane in order. */
export interface Stage {
  lanes: { host: string; steps: RolloutStep[] }[];
}

export function planRollout(input: RolloutInput): Stage[] {
  const { instances, hosts, release } = input;
  const serving = instances.filter((instance) => instance.serving);
  const slots = (input.balancer?.slots ?? []).map((slot) => ({ ...slot }));
  const stages: Stage[] = [];
  const add = (host: string, steps: RolloutStep[]) => {
    if (steps.length > 0) stages.push({ lanes: [{ host, steps }] });
  };

  for (const slot of slots)
    if (slot.instance && !instances.some(({ id }) => id === slot.instance)) add("", empty(slot));
  // What an earlier attempt left behind serves nobody and may hold the port that the new instance needs.
  for (const one of instances)
    if (!one.serving && !(hosts.includes(one.host) && one.release === release))
      add(one.host, retire(one, slots));

  const missing = hosts.filter(
    (host) => !instances.some((one) => one.host === host && one.release === release),
  );
  const first = serving.length === 0;
  // Nothing serves yet, so nothing can be lost: all hosts at once.
  if (first && missing.length > 0)
    stages.push({ lanes: missing.map((host) => ({ host, steps: begin(host, input, []) })) });

  // New hosts come first: capacity grows before any of it is replaced.
  const servesAlready = (host: string) => Number(serving.some((one) => one.host === host));
  for (const host of hosts.toSorted((a, b) => servesAlready(a) - servesAlready(b)))
    add(host, hostSteps(host, input, { first, slots }));
  for (const gone of serving) if (!hosts.includes(gone.host)) add(gone.host, retire(gone, slots));
  return stages;
}

function hostSteps(
  host: string,
  input: RolloutInput,
  { first, slots }: { first: boolean; slots: PresentSlot[] },
): RolloutStep[] {
  const here = input.instances.filter((one) => one.host === host && one.serving);
  const old = here.filter((one) => one.release !== input.release);
  const wanted = input.instances.find((one) => one.host === host && one.release === input.release);
  // One port for all releases: without a balancer the old one must make room first, a short outage on this host.
  if (!input.balancer)
    return [
      ...old.flatMap((one) => retire(one, slots)),
      ...(wanted ? resume(wanted) : first ? [] : begin(host, input, [])),
    ];
  const instance = wanted?.id ?? instanceId(input.service, host, input.release);
  const port = wanted?.port ?? choosePort(input, here);
  return [
    ...(wanted ? resume(wanted) : first ? [] : begin(host, input, here)),
    ...route({ host, instance, port }, slots),
    ...old.flatMap((one) => retire(one, slots)),
  ];
}

function begin(host: string, input: RolloutInput, here: { port: number }[]): RolloutStep[] {
  const instance = instanceId(input.service, host, input.release);
  return [
    { kind: "start", host, instance, port: choosePort(input, here) },
    { kind: "wait-healthy", host, instance },
  ];
}

/** An instance that was being started when a rollout was cut short: starting it again is harmless. */
function resume({ id, host, port, serving }: PresentInstance): RolloutStep[] {
  if (serving) return [];
  return [
    { kind: "start", host, instance: id, port },
    { kind: "wait-healthy", host, instance: id },
  ];
}

function route(
  { host, instance, port }: { host: string; instance: string; port: number },
  slots: PresentSlot[],
): RolloutStep[] {
  const present = slots.find((slot) => slot.instance === instance);
  if (present?.ready) return [];
  const slot = present ?? slots.find((one) => one.instance === undefined);
  if (!slot) throw new RangeError(`All ${slots.length} slots of the balancer are taken`);
  slot.instance = instance;
  slot.ready = true;
  return [
    { kind: "route", slot: slot.slot, host, instance, port },
    { kind: "wait-up", slot: slot.slot, instance },
  ];
}

/** Out of every slot that it is in, then stopped. */
function retire({ id, host }: PresentInstance, slots: PresentSlot[]): RolloutStep[] {
  return [
    ...slots.filter(({ instance }) => instance === id).flatMap(empty),
    { kind: "stop", host, instance: id },
  ];
}

/** A slot is free for another from here on. */
function empty(slot: PresentSlot): RolloutStep[] {
  const instance = slot.instance ?? "";
  slot.instance = undefined;
  slot.ready = false;
  return [{ kind: "drain", slot: slot.slot, instance }];
}

function choosePort({ port, balancer }: RolloutInput, here: { port: number }[]): number {
  return balancer && here.some((one) => one.port === port) ? port + 1 : port;
}
