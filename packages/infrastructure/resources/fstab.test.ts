import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { formatFstab, mountPattern, parseFstab, swapPattern } from "./fstab.ts";
import { findLines, setLine } from "./lines.ts";

const word = fc.stringMatching(/^[!-"$-~][ -~]{0,10}$/);
const entry = fc.record({
  device: word,
  path: word.map((name) => `/${name}`),
  type: fc.constantFrom("ext4", "tmpfs", "nfs"),
  options: fc.constantFrom("defaults", "noatime,nofail", "size=10%"),
  dump: fc.nat(1),
  pass: fc.nat(2),
});

test("an entry comes out as it went in, whatever is in its names", () => {
  fc.assert(fc.property(entry, (one) => assert.deepEqual(parseFstab(formatFstab(one)), { ...one })));
});

test("setting one entry twice is once, and touches no other", () => {
  fc.assert(
    fc.property(fc.array(entry), entry, (others, one) => {
      const rest = others.filter(({ path }) => path !== one.path).map(formatFstab);
      const text = ["# comment", ...rest, ""].join("\n");
      const once = setLine(text, mountPattern(one.path), formatFstab(one));
      assert.equal(setLine(once, mountPattern(one.path), formatFstab(one)), once);
      assert.equal(once, `${text}${formatFstab(one)}\n`);
      assert.equal(setLine(once, mountPattern(one.path), undefined), text);
    }),
  );
});

test("comments are no entries; a swap area is found by its device", () => {
  assert.equal(parseFstab("# /dev/sda1 / ext4"), undefined);
  assert.equal(parseFstab(""), undefined);
  const text = "/swapfile none swap sw 0 0\n/dev/sdb /swapfile ext4 ro 0 0\n";
  assert.deepEqual(findLines(text, swapPattern("/swapfile")), ["/swapfile none swap sw 0 0"]);
  assert.deepEqual(findLines(text, mountPattern("/swapfile")), ["/dev/sdb /swapfile ext4 ro 0 0"]);
});
