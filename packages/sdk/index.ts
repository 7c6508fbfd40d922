export * from "./accounts.ts";
export * from "./certificates.ts";
export * from "./checks.ts";
export * from "./collect.ts";
export * from "./dashboards.ts";
export * from "./data.ts";
export * from "./databases.ts";
export * from "./debian.ts";
export * from "./edits.ts";
export type {
  Dependency,
  Environment,
  EnvironmentOptions,
  Handle,
  MaintenanceWindowOptions,
} from "./environment.ts";
export { environment } from "./environment.ts";
export * from "./environments.ts";
export * from "./facts.ts";
export * from "./fetched.ts";
export type { ProjectFiles } from "./files.ts";
export { openProjectFiles, type ProjectEntry } from "./files.ts";
export * from "./history.ts";
export * from "./host-alerts.ts";
export type {
  DirectoryHandle,
  DirectoryOptions,
  FileHandle,
  FileOptions,
  PackageHandle,
  PackageOptions,
  SystemdUnitHandle,
  SystemdUnitOptions,
} from "./host-resources.ts";
// `package` is a reserved word: it can be exported under that name, and imported as another one.
export {
  debianPackage as package,
  debianPackage as pkg,
  directory,
  file,
  systemdUnit,
} from "./host-resources.ts";
export type { HostHandle, HostOptions, MachineHandle, MachineOptions, SshOptions } from "./hosts.ts";
export { host, machine, thisComputer } from "./hosts.ts";
export * from "./inventory.ts";
export * from "./languages.ts";
export * from "./links.ts";
export * from "./maintenance.ts";
export * from "./network.ts";
export { type Reload, reload } from "./notify.ts";
export type {
  AbsentOptions,
  AlertHandle,
  AlertOptions,
  AlertWords,
  LogAlertOptions,
  ThresholdOptions,
} from "./observe.ts";
export { absent, alert, logAlert, threshold } from "./observe.ts";
export type { PostgresHandle, PostgresOptions } from "./postgres.ts";
export { postgres } from "./postgres.ts";
export * from "./prometheus.ts";
export type { HostReference, Reference, SecretReference, Text, TextReference } from "./references.ts";
export { text } from "./references.ts";
export * from "./respond.ts";
export * from "./rollout.ts";
export * from "./runbooks.ts";
export * from "./running.ts";
export type { SecretOptions } from "./secrets.ts";
export { secret } from "./secrets.ts";
export type { BalancerHandle, BalancerOptions, ServiceHandle, ServiceOptions } from "./services.ts";
export { balancer, service } from "./services.ts";
export * from "./storage.ts";
export * from "./system.ts";
export * from "./templates.ts";
