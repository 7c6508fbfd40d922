import { generateKeyPair, sign } from "node:crypto";
import { promisify } from "node:util";

/**
 * An EC P-256 key (PKCS #8) and a certificate request (PKCS #10, RFC 2986) for it, both PEM. Written out by hand: the
 * request is six nested fields, and an X.509 library would cost every agent several megabytes for one call a quarter.
 */
export async function createKeyAndRequest(host: string): Promise<{ key: string; request: string }> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  const commonName = sequence(
    tagged(0x06, Buffer.from("550403", "hex")),
    tagged(0x0c, Buffer.from(host.slice(-64))),
  );
  const information = sequence(
    tagged(0x02, Buffer.from([0])), // version
    sequence(tagged(0x31, commonName)), // subject
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa0, Buffer.alloc(0)), // no attributes
  );
  const ecdsaWithSha256 = sequence(tagged(0x06, Buffer.from("2a8648ce3d040302", "hex")));
  const signature = tagged(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", information, privateKey)]));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    request: pem(sequence(information, ecdsaWithSha256, signature)),
  };
}

/** DER: tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}
