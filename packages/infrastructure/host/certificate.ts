import { createPublicKey, randomBytes, sign } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { createKeyAndRequest } from "@havn/fleet/protocol";
import { HavnError, systemClock } from "@havn/model";
import type { Operation } from "../resources/type.ts";
import type { Surroundings } from "./operations.ts";
import { perform } from "./operations.ts";

type Issue = Operation & { kind: "issue certificate" };

/**
 * A new key, made here, and a certificate for it. The key is written last but one: found with another's certificate
 * after a power cut, both are made anew.
 */
export async function issueCertificate(operation: Issue, around: Surroundings | undefined): Promise<void> {
  const { names, issuer, owner, group, keyMode } = operation;
  const { key, request } = await createKeyAndRequest(names[0] ?? "");
  const issued = issuer === "self-signed" ? signItself(key, operation) : await askAuthority(request, around);
  const write = async (path: string, content: string, mode: string) => {
    await mkdir(dirname(path), { recursive: true });
    await perform({ kind: "write", path, content, attributes: { owner, group, mode } });
  };
  if (operation.authority !== undefined) await write(operation.authority, issued.authority, "0644");
  await write(operation.key, key, keyMode);
  await write(operation.certificate, issued.certificate, "0644");
}

async function askAuthority(request: string, around: Surroundings | undefined) {
  if (!around?.certify)
    throw new HavnError("No certificate can be had here", {
      detail: "The agent has no way to the control plane, whose authority signs.",
    });
  const { certificate, authority } = await around.certify(request);
  return { certificate: `${certificate.trimEnd()}\n${authority.trimEnd()}\n`, authority };
}

/** X.509 version 3 (RFC 5280), written out by hand as the agents' requests are. */
function signItself(key: string, { names, days }: Issue): { certificate: string; authority: string } {
  const now = systemClock.now();
  const commonName = sequence(oid("550403"), tagged(0x0c, Buffer.from((names[0] ?? "").slice(0, 64))));
  const name = sequence(tagged(0x31, commonName));
  const algorithm = sequence(oid("2a8648ce3d040302")); // ECDSA with SHA-256
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, serial),
    algorithm,
    name,
    // An hour back: hosts whose clocks are behind accept it too.
    sequence(time(now - 3_600_000), time(now + days * 86_400_000)),
    name,
    createPublicKey(key).export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions(names))),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", body, key)]));
  const lines =
    sequence(body, algorithm, signature)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  const certificate = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { certificate, authority: certificate };
}

function extensions(names: readonly string[]): Buffer[] {
  const yes = tagged(0x01, Buffer.from([0xff]));
  const octets = (content: Buffer) => tagged(0x04, content);
  const alternatives = names.map((name) =>
    isIP(name) === 0 ? tagged(0x82, Buffer.from(name)) : tagged(0x87, addressBytes(name)),
  );
  return [
    // Whoever trusts it trusts it as its own authority.
    sequence(oid("551d13"), yes, octets(sequence(yes))),
    sequence(oid("551d25"), octets(sequence(oid("2b06010505070301")))), // for servers
    sequence(oid("551d11"), octets(sequence(...alternatives))),
  ];
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text = "") => text.split(":").filter((group) => group !== "");
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => "0");
  const all = tail === undefined ? groups(head) : [...groups(head), ...zeros, ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** UTCTime up to 2049, as the standard wants it, GeneralizedTime after. */
function time(at: number): Buffer {
  const text = `${new Date(at).toISOString().replace(/[-:T]|\.\d+/g, "")}`;
  return text < "2050" ? tagged(0x17, Buffer.from(text.slice(2))) : tagged(0x18, Buffer.from(text));
}

const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, "hex"));
const sequence = (...parts: Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));

/** DER: tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
