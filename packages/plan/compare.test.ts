import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@havn/model";
import { compareEnvironments } from "./compare.ts";
import { explainResource } from "./explain.ts";
import { planPromotion } from "./promotion.ts";

const resource = (
  address: string,
  properties: Record<string, unknown>,
  rest: Partial<Resource> = {},
): Resource => {
  const [, type = "", ...name] = address.split("/");
  return { address, type, name: name.join("/"), properties, dependsOn: [], ...rest };
};

test("two environments: addresses pair up, texts are diffed, equal secrets are equal", () => {
  const of = (name: string, workers: number, secrets: [string, string][]) => ({
    name,
    resources: [
      resource(`${name}/file/web-1:/etc/app`, {
        content: `a\nworkers ${workers}\nz\n`,
        on: `${name}/file/x`,
      }),
      resource(`${name}/service/shop`, {
        env: { A: { $secret: "a" }, B: { $text: ["x:", { $secret: "b" }] } },
      }),
      ...(workers > 1 ? [resource(`${name}/host/web-2`, { mode: "noop" })] : []),
    ],
    fingerprints: new Map(secrets.map(([key, value]) => [`${key}\0`, value])),
  });
  const staging = of("staging", 1, [
    ["a", "11"],
    ["b", "22"],
  ]);
  assert.deepEqual(
    compareEnvironments(
      staging,
      of("prod", 1, [
        ["a", "11"],
        ["b", "22"],
      ]),
    ),
    [],
  );
  const found = compareEnvironments(
    staging,
    of("prod", 8, [
      ["a", "11"],
      ["b", "33"],
    ]),
  );
  assert.deepEqual(
    found.map(({ resource, kind, changes }) => [resource, kind, changes.map(({ property }) => property)]),
    [
      ["file/web-1:/etc/app", "differs", ["content"]],
      ["host/web-2", "only-after", ["mode"]],
      ["service/shop", "differs", ["env.B"]],
    ],
  );
  assert.match(found[0]?.changes[0]?.diff ?? "", /^-workers 1$\n^\+workers 8$/m);
  assert.deepEqual(found[2]?.changes[0], {
    property: "env.B",
    before: "x:(secret 22)",
    after: "x:(secret 33)",
  });
});

test("why one resource needs another", () => {
  const resources = [
    resource("shop/host/web-1", {}),
    resource("shop/directory/web-1:/etc/app", { path: "/etc/app" }, { host: "web-1" }),
    resource(
      "shop/file/web-1:/etc/app/app.conf",
      { path: "/etc/app/app.conf", content: { $text: ["db ", { $host: "db-1", attribute: "address" }] } },
      {
        host: "web-1",
        dependsOn: [
          "shop/host/web-1",
          "shop/directory/web-1:/etc/app",
          "shop/host/db-1",
          "shop/user/web-1:app",
        ],
      },
    ),
    resource(
      "shop/systemd.unit/web-1:app.service",
      { restartOn: ["shop/file/web-1:/etc/app/app.conf"] },
      { host: "web-1", dependsOn: ["shop/file/web-1:/etc/app/app.conf"] },
    ),
  ];
  const explained = explainResource(resources, "shop/file/web-1:/etc/app/app.conf");
  assert.deepEqual(explained?.needs, [
    { address: "shop/host/web-1", reason: "lives on it" },
    { address: "shop/directory/web-1:/etc/app", reason: "is inside of it" },
    { address: "shop/host/db-1", reason: "content refers to it" },
    { address: "shop/user/web-1:app", reason: "written as dependsOn, or by what declares both" },
  ]);
  assert.deepEqual(explained?.neededBy, [
    { address: "shop/systemd.unit/web-1:app.service", reason: "restartOn refers to it" },
  ]);
  assert.equal(explainResource(resources, "shop/host/none"), undefined);
});

test("a promotion: the first runs what is declared, then the second; what is declared differently stays", () => {
  const update = { resource: "service/shop", type: "service", kind: "differs" as const };
  const changed = { ...update, changes: [{ property: "source.digest", before: "1", after: "2" }] };
  const made = { resource: "file/web-1:/a", type: "file", kind: "only-after" as const, changes: [] };
  const gone = { resource: "file/web-1:/b", type: "file", kind: "only-before" as const, changes: [] };
  const drift = [{ address: "staging/file/web-1:/etc/hosts", properties: ["content"] }];
  assert.deepEqual(
    planPromotion(
      { name: "staging", pending: [made], drift },
      { name: "prod", pending: [changed, gone], drift: [] },
      [{ ...update, changes: [{ property: "env.WORKERS", before: "2", after: "8" }] }],
    ),
    {
      steps: [
        { kind: "mend", environment: "staging", ...drift[0] },
        {
          kind: "apply",
          environment: "staging",
          changes: [{ resource: "file/web-1:/a", action: "create", properties: [] }],
        },
        {
          kind: "apply",
          environment: "prod",
          changes: [
            { resource: "service/shop", action: "update", properties: ["source.digest"] },
            { resource: "file/web-1:/b", action: "delete", properties: [] },
          ],
        },
      ],
      stays: [{ resource: "service/shop", action: "update", properties: ["env.WORKERS"] }],
    },
  );
  const same = { pending: [], drift: [] };
  assert.deepEqual(planPromotion({ name: "staging", ...same }, { name: "prod", ...same }, []), {
    steps: [],
    stays: [],
  });
});
