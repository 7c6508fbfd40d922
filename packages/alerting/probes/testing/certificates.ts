import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 86_400_000;

export interface TestAuthority {
  /** PEM. */
  certificate: string;
  /** A certificate for `name` that ends in `days`; both PEM. */
  issue(name: string, days: number): Promise<{ certificate: string; key: string }>;
}

export async function testAuthority(): Promise<TestAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const own = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...{ name: "CN=Test authority", keys, signingAlgorithm: algorithm, serialNumber: "01" },
      ...{ notBefore: new Date(Date.now() - 100 * dayMs), notAfter: new Date(Date.now() + 1000 * dayMs) },
      extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    },
    crypto,
  );
  let serial = 1;
  return {
    certificate: own.toString("pem"),
    async issue(name, days) {
      const leaf = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const made = await x509.X509CertificateGenerator.create(
        {
          ...{
            subject: `CN=${name}`,
            issuer: own.subject,
            publicKey: leaf.publicKey,
            signingKey: keys.privateKey,
          },
          ...{ signingAlgorithm: algorithm, serialNumber: (++serial).toString(16).padStart(2, "0") },
          ...{
            notBefore: new Date(Date.now() - 50 * dayMs),
            notAfter: new Date(Date.now() + days * dayMs + 60_000),
          },
          extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
        },
        crypto,
      );
      const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", leaf.privateKey)).toString("base64");
      return {
        certificate: made.toString("pem"),
        key: `-----BEGIN PRIVATE KEY-----\n${key.replaceAll(/.{64}/g, "$&\n")}\n-----END PRIVATE KEY-----\n`,
      };
    },
  };
}
