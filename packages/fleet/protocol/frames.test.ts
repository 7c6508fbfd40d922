import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "@havn/testkit/property";
import { decodeBinaryFrame, decodeTextFrame, encodeBinaryFrame, type Frame } from "./frames.ts";

const id = fc.integer();
const json = fc.jsonValue();
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ id, method: fc.string(), params: json }),
  fc.record({ id, result: json }),
  fc.record({
    id,
    error: fc.record({ summary: fc.string(), detail: fc.string(), retryable: fc.boolean() }),
  }),
  fc.record({ method: fc.string(), params: json }),
);
/** As it is after a way through JSON, which has no negative zero. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

test("a frame and its bytes come out as they went in", () => {
  fc.assert(
    fc.property(frame, fc.uint8Array(), fc.nat(16), (sent, bytes, offset) => {
      // Sockets hand out views into larger buffers.
      const whole = encodeBinaryFrame(sent, bytes);
      const view = new Uint8Array(new ArrayBuffer(whole.length + offset), offset);
      view.set(whole);
      const decoded = decodeBinaryFrame(view);
      assert.deepEqual(plain(decoded.frame), plain(sent));
      assert.deepEqual(Buffer.from(decoded.bytes), Buffer.from(bytes));
      assert.deepEqual(plain(decodeTextFrame(JSON.stringify(sent))), plain(sent));
    }),
  );
});

test("a frame cut anywhere in its head is a TypeError", () => {
  fc.assert(
    fc.property(frame, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (sent, part) => {
      const whole = encodeBinaryFrame(sent, new Uint8Array());
      assert.throws(() => decodeBinaryFrame(whole.subarray(0, Math.floor(whole.length * part))), TypeError);
    }),
  );
});

test("any bytes and any text are a frame or a TypeError", () => {
  const frameOrTypeError = (decode: () => unknown) => {
    try {
      decode();
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error));
    }
  };
  fc.assert(fc.property(fc.uint8Array(), (bytes) => frameOrTypeError(() => decodeBinaryFrame(bytes))));
  fc.assert(fc.property(fc.string(), (text) => frameOrTypeError(() => decodeTextFrame(text))));
  fc.assert(fc.property(json, (value) => frameOrTypeError(() => decodeTextFrame(JSON.stringify(value)))));
});

test("what PostgreSQL cannot store does not come out of a frame", () => {
  const sent = { id: 1, error: { summary: "fatal \0 here", detail: "cut \ud83d", retryable: false } };
  const error = { summary: "fatal \ufffd here", detail: "cut \ufffd", retryable: false };
  assert.deepEqual(decodeTextFrame(JSON.stringify(sent)), { id: 1, error });
  assert.deepEqual(decodeBinaryFrame(encodeBinaryFrame(sent, new Uint8Array())).frame, { id: 1, error });
  const whole = { method: "report", params: { text: "\u{1f600} \\u0000" } };
  assert.deepEqual(decodeTextFrame(JSON.stringify(whole)), whole);
});
