export { type ScrapeProperties, scrapeProperties } from "./config/scrape.ts";
export { type RulesProperties, rulesProperties } from "./rules/schema.ts";
