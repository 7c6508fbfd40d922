import { accountAspect, groupAspect } from "./accounts.ts";
import type { Aspect, AspectKind, State } from "./aspect.ts";
import { otherPackagesAspect } from "./other-packages.ts";
import { packagesAspect } from "./packages.ts";
import { pathAspect } from "./path.ts";
import {
  alternativeAspect,
  checkoutAspect,
  diversionAspect,
  firewallAspect,
  hostnameAspect,
  moduleAspect,
  mountAspect,
  npmAspect,
  pipAspect,
  swapAspect,
  sysctlAspect,
} from "./scalars.ts";
import { folderAspect, treeAspect } from "./tree.ts";
import { unitAspect } from "./unit.ts";

const kinds = {
  path: pathAspect,
  tree: treeAspect,
  folder: folderAspect,
  packages: packagesAspect,
  "other packages": otherPackagesAspect,
  unit: unitAspect,
  account: accountAspect,
  group: groupAspect,
  sysctl: sysctlAspect,
  module: moduleAspect,
  hostname: hostnameAspect,
  mount: mountAspect,
  swap: swapAspect,
  alternative: alternativeAspect,
  diversion: diversionAspect,
  firewall: firewallAspect,
  checkout: checkoutAspect,
  pip: pipAspect,
  npm: npmAspect,
} as const;

/** An aspect's own way of being read and put back: states are handed on as they were captured. */
export const kindOf = (aspect: Aspect): AspectKind<Aspect, State> =>
  kinds[aspect.kind] as unknown as AspectKind<Aspect, State>;
