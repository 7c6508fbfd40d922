import assert from "node:assert/strict";
import { test } from "node:test";
import { covering, matchesAll, parseMatchers, writeMatcher } from "./matchers.ts";

const written = (text: string) => parseMatchers(text)?.map(writeMatcher);

test("matchers are read as Alertmanager writes them", () => {
  assert.deepEqual(written('severity="critical", host=~"web-.*"'), ['severity="critical"', 'host=~"web-.*"']);
  assert.deepEqual(written("{env=shop,host!=db-1}"), ['env="shop"', 'host!="db-1"']);
  assert.deepEqual(written('a="x, \\"y\\""'), ['a="x, \\"y\\""']);
  assert.deepEqual(written(""), []);
  for (const none of ["disk full", 'a="x', 'a=~"("', "=x"]) assert.equal(written(none), undefined, none);
});

test("a label that is not there is empty, and expressions are anchored", () => {
  const labels = { host: "web-1" };
  const fits = (text: string) => matchesAll(parseMatchers(text) ?? [], labels);
  assert.equal(fits('host=~"web"'), false);
  assert.equal(fits('host=~"web-."'), true);
  assert.equal(fits('team=""'), true);
  assert.equal(fits('team!~".+"'), true);
});

test("what covers several alerts covers each, and keeps what they have in common", () => {
  const alerts: Record<string, string>[] = [
    { alertname: "disk", host: "web-1", mount: "/a" },
    { alertname: "disk", host: "web.2", team: "ops" },
  ];
  const matchers = covering(alerts);
  assert.deepEqual(matchers.map(writeMatcher), ['alertname="disk"', 'host=~"web-1|web\\\\.2"']);
  for (const labels of alerts) assert.ok(matchesAll(matchers, labels));
});
