import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import {
  type AlertData,
  fillTemplate,
  type TemplateContext,
  TemplateError,
  templateFault,
} from "./execute.ts";

const data: AlertData = {
  labels: { instance: "web-1.example.org:9100", job: "node", empty: "" },
  value: 1_234_567.5,
  externalLabels: { region: "north" },
};
const context: TemplateContext = {
  now: 1_700_000_000_000,
  externalUrl: "http://havn.example/",
  query: async (expr) =>
    expr === "up"
      ? [
          { labels: { instance: "a" }, value: 1 },
          { labels: { instance: "b" }, value: 0 },
        ]
      : [],
};

/** What it gives; `? …` where it cannot be read, `! …` where it cannot be filled in. */
async function show(template: string): Promise<string> {
  const fault = templateFault(template);
  if (fault !== undefined) return `? ${fault}`;
  try {
    return await fillTemplate(template, data, context);
  } catch (error) {
    if (error instanceof TemplateError) return `! ${error.message}`;
    throw error;
  }
}

const text = readFileSync(new URL("./cases/functions.txt", import.meta.url), "utf8");
for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
  const [template = "", wanted = ""] = line.split(" → ");
  test(`template: ${template}`, async () => {
    const given = await show(template);
    assert.equal(
      /^[?!] /.test(wanted) ? given.slice(0, wanted.length) : given.replaceAll("\n", "\\n"),
      wanted,
    );
  });
}

test("whatever is written, it is read or refused", async () => {
  const piece = fc.constantFrom(
    ...[
      "{{",
      "}}",
      "{{-",
      "-}}",
      " ",
      "$labels",
      ".x",
      "if",
      "end",
      "else",
      "range",
      "with",
      "|",
      "(",
      ")",
      '"a"',
    ],
    ...["query", "printf", "1", "1.5", ":=", "$v", "x", "define", "template", "/*", "*/", "\n", "'", "`"],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 25 }), async (pieces) => {
      await show(pieces.join(""));
    }),
    { numRuns: 3_000 },
  );
});

test("what does not end is ended", async () => {
  assert.match(
    await show('{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}'),
    /without an end/,
  );
  assert.match(await show("{{ range 100000 }}{{ range 100000 }}x{{ end }}{{ end }}"), /come to an end/);
});
