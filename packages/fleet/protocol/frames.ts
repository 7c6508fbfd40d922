import { storable } from "@havn/model";
import { z } from "zod";

/**
 * The agent dials the control plane's agent port with one WebSocket over mutual TLS (`wss://…/agent/v1`); both sides
 * then call each other over it. A text frame is JSON: a request, a response or a notification, as in JSON-RPC but
 * without its version. A binary frame is a request or response with bytes after it: 4 bytes little-endian length of
 * the JSON, the JSON, the bytes (telemetry batches, artifact chunks).
 */
export const requestFrame = z.object({ id: z.number().int(), method: z.string(), params: z.unknown() });
export const responseFrame = z.object({
  id: z.number().int(),
  result: z.unknown().optional(),
  error: z.object({ summary: z.string(), detail: z.string(), retryable: z.boolean() }).optional(),
});
export const notificationFrame = z.object({ method: z.string(), params: z.unknown() });

export type RequestFrame = z.infer<typeof requestFrame>;
export type ResponseFrame = z.infer<typeof responseFrame>;
export type NotificationFrame = z.infer<typeof notificationFrame>;
export type Frame = RequestFrame | ResponseFrame | NotificationFrame;

export function encodeBinaryFrame(frame: Frame, bytes: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify(frame));
  const whole = new Uint8Array(4 + head.length + bytes.length);
  new DataView(whole.buffer).setUint32(0, head.length, true);
  whole.set(head, 4);
  whole.set(bytes, 4 + head.length);
  return whole;
}

/** Throws a TypeError for a frame that is cut short or whose head is no JSON. */
export function decodeBinaryFrame(whole: Uint8Array): { frame: Frame; bytes: Uint8Array } {
  if (whole.length < 4) throw new TypeError("binary frame is shorter than its length field");
  const headLength = new DataView(whole.buffer, whole.byteOffset).getUint32(0, true);
  if (4 + headLength > whole.length) throw new TypeError("binary frame is shorter than its head");
  const head = new TextDecoder("utf-8", { fatal: true }).decode(whole.subarray(4, 4 + headLength));
  return { frame: decodeTextFrame(head), bytes: whole.subarray(4 + headLength) };
}

/**
 * Throws a TypeError for text that is no JSON or no frame. What programs print may hold NULs, and what was cut may end in
 * half a character: PostgreSQL stores neither, so U+FFFD comes out in their place.
 */
export function decodeTextFrame(text: string): Frame {
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (/\\u(0000|d[89a-f])/i.test(text)) value = storable(value);
  } catch (cause) {
    throw new TypeError("frame is no JSON", { cause });
  }
  if (typeof value !== "object" || value === null) throw new TypeError("frame is no object");
  const schema = "method" in value ? ("id" in value ? requestFrame : notificationFrame) : responseFrame;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new TypeError(`frame is malformed: ${parsed.error.issues[0]?.message ?? ""}`);
  return parsed.data;
}
