export { createInstances, type Instances, type InstancesOptions } from "./instances/instances.ts";
