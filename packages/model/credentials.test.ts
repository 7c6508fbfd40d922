import assert from "node:assert/strict";
import { test } from "node:test";
import { credentialsIn, withoutCredentials } from "./credentials.ts";

test("addresses with names and passwords: what they hold, and how they are told", () => {
  const text =
    "GET http://ada:p%40ss@db.example:80/x?y=1@2 and redis://tok@h, mail to bo@example.org, ftp://h/a@b";
  assert.deepEqual(credentialsIn(text), [
    ...["p%40ss", "p@ss", Buffer.from("ada:p@ss").toString("base64")],
    ...["tok", "tok", Buffer.from("tok:").toString("base64")],
  ]);
  assert.equal(
    withoutCredentials(text),
    "GET http://***@db.example:80/x?y=1@2 and redis://***@h, mail to bo@example.org, ftp://h/a@b",
  );
  assert.deepEqual(credentialsIn("http://%zz:%zz@h/"), [
    "%zz",
    "%zz",
    Buffer.from("%zz:%zz").toString("base64"),
  ]);
});
