export { type Balancer, type BalancerOptions, createBalancer } from "./balancer/balancers.ts";
export { createInstances, type Instances, type InstancesOptions } from "./instances/instances.ts";
