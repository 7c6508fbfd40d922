import assert from "node:assert/strict";
import { test } from "node:test";
import { createDecider } from "./decisions.ts";

const cases: [action: string, viewer: boolean, operator: boolean, admin: boolean][] = [
  ["environment:read", true, true, true],
  ["audit:read", true, true, true],
  ["session:delete", true, true, true],
  ["plan:create", false, true, true],
  ["apply:create", false, true, true],
  ["artifact:write", false, true, true],
  ["metric:write", false, true, true],
  ["rollback:create", false, true, true],
  ["environment:destroy", false, false, true],
  ["token:create", false, false, true],
  ["sign-in-link:create", false, false, true],
  ["read", false, false, true],
  ["secret:readable", false, false, true],
];

const decider = createDecider();
for (const [action, viewer, operator, admin] of cases)
  test(`${action}: viewer ${viewer}, operator ${operator}, admin ${admin}`, () => {
    for (const attempt of ["asked", "remembered"])
      assert.deepEqual(
        [
          decider.decide("viewer", action),
          decider.decide("operator", action),
          decider.decide("admin", action),
        ],
        [viewer, operator, admin],
        attempt,
      );
  });
