export {
  type DiscoveryConfigs,
  type DnsSd,
  type FileSd,
  type HttpSd,
  type KubernetesSd,
  targetGroup,
} from "./config/discovery.ts";
export type { HttpConfig } from "./config/http.ts";
export { type PathContext, type ReadSecret, secretWarning } from "./config/prepare.ts";
export { type ReadPrometheus, readPrometheus } from "./config/read.ts";
export { type ScrapeProperties, type ScrapeProtocol, scrapeProperties } from "./config/scrape.ts";
export { findBytes } from "./config/values.ts";
export {
  type CompiledRules,
  compileRules,
  type RelabelStep,
  relabel,
  relabelSteps,
} from "./relabel/relabel.ts";
export type { RelabelRule } from "./relabel/rule.ts";
export { type ReadGroup, readRules } from "./rules/read.ts";
export { type Rule, type RulesProperties, rulesProperties } from "./rules/schema.ts";
export {
  type AlertData,
  fillTemplate,
  type TemplateContext,
  TemplateError,
  templateFault,
} from "./template/execute.ts";
export { readUnitTests, type UnitTestGroup, type UnitTests } from "./unit-tests/read.ts";
