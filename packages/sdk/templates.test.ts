import assert from "node:assert/strict";
import { test } from "node:test";
import { HavnError } from "@havn/model";
import { secret, template } from "./index.ts";

test("a template is filled in with Jinja's syntax, includes and all", () => {
  const source = "{% include 'head' %}{% for n in ports %}\nlisten {{ n }};\n{% endfor %}\n<{{ name }}>\n";
  assert.equal(
    template(source, { ports: [80, 443], name: "a & b" }, { includes: { head: "# head\n" } }),
    "# head\nlisten 80;\nlisten 443;\n<a & b>\n",
  );
});

test("a reference stays one, as often as it stands there", () => {
  const db = { password: secret("db") };
  assert.deepEqual(template("a={{ db.password }} b={{ db.password }}", { db }), {
    $text: ["a=", { $secret: "db" }, " b=", { $secret: "db" }],
  });
});

test("what cannot be filled in says why", () => {
  const fails = (source: string, values = {}) => {
    try {
      template(source, values, { name: "site.njk" });
    } catch (error) {
      assert.ok(error instanceof HavnError);
      return `${error.message}: ${error.detail}`;
    }
    return assert.fail("it did not fail");
  };
  assert.match(fails("a\n{{ missing }}"), /^site\.njk cannot be filled in: .*undefined/);
  assert.match(fails("{% if %}"), /^site\.njk cannot be filled in: .*Line 1/);
  assert.match(fails("{% include 'x' %}"), /template "x" was not given/);
  assert.match(fails("{{ s | upper }}", { s: secret("s") }), /filter in site\.njk changed a reference/);
});
