import "reflect-metadata";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, HavnError } from "@havn/model";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { writeFileAtomic } from "../files.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 86_400_000;
/** Hosts whose clocks are behind still accept a new certificate. */
const skewMs = 3_600_000;
const caLifeMs = 3650 * dayMs;
const leafLifeMs = 90 * dayMs;

export interface IssuedCertificate {
  pem: string;
  /** Upper-case hexadecimal, as node:crypto prints it. */
  serial: string;
  notAfter: number;
}

/** Issues every certificate of this control plane; nothing else is trusted between it and its agents. */
export interface CertificateAuthority {
  /** PEM; given to agents on a way that is trusted already (SSH, this computer's own files). */
  certificate: string;
  /** For the gateway: `names` are DNS names and IP addresses. 90 days. */
  issueServer(names: readonly string[]): Promise<{ certificate: string; key: string; notAfter: number }>;
  /** For what runs on a host, from that host's own request; only its key is taken from the request. 90 days. */
  issueService(names: readonly string[], request: string): Promise<string>;
  /** For the agent of `host`, from its own request (PKCS #10, PEM). Only its key is taken from the request. */
  issueClient(host: string, request: string): Promise<IssuedCertificate>;
}

/** The URI in an agent's certificate that says whose it is. */
export const hostUri = (host: string): string => `havn://${host}`;

/** Opens the authority in `directory`, making it at first use: key.pem (0600) and ca.pem. */
export async function openCertificateAuthority(
  directory: string,
  clock: Clock,
): Promise<CertificateAuthority> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const { key, certificate } = (await read(directory)) ?? (await create(directory, clock));

  const sign = (options: {
    commonName: string;
    names: JsonGeneralNames;
    usage: string;
    publicKey: PublicKey | CryptoKey;
  }) =>
    generate({
      subject: [{ CN: [options.commonName.slice(-64)] }],
      issuer: certificate.subjectName.toJSON(),
      now: clock.now(),
      lifeMs: leafLifeMs,
      publicKey: options.publicKey,
      signingKey: key,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([options.usage]),
        new SubjectAlternativeNameExtension(options.names),
      ],
      authority: certificate,
    });

  return {
    certificate: certificate.toString("pem"),
    async issueServer(names) {
      const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
      const issued = await sign({
        commonName: "havn gateway",
        names: namesIn(names),
        usage: ExtendedKeyUsage.serverAuth,
        publicKey: pair.publicKey,
      });
      return {
        certificate: issued.toString("pem"),
        key: PemConverter.encode(await crypto.subtle.exportKey("pkcs8", pair.privateKey), "PRIVATE KEY"),
        notAfter: issued.notAfter.getTime(),
      };
    },
    async issueService(names, request) {
      const issued = await sign({
        commonName: names[0] ?? "",
        names: namesIn(names),
        usage: ExtendedKeyUsage.serverAuth,
        publicKey: await readRequest(request),
      });
      return issued.toString("pem");
    },
    async issueClient(host, request) {
      const publicKey = await readRequest(request);
      const issued = await sign({
        commonName: host,
        names: [{ type: "url", value: hostUri(host) }],
        usage: ExtendedKeyUsage.clientAuth,
        publicKey,
      });
      return {
        pem: issued.toString("pem"),
        serial: issued.serialNumber.toUpperCase(),
        notAfter: issued.notAfter.getTime(),
      };
    },
  };
}

const namesIn = (names: readonly string[]): JsonGeneralNames =>
  names.map((name) => ({ type: isAddress(name) ? "ip" : "dns", value: name }));

async function readRequest(pem: string): Promise<PublicKey> {
  try {
    const request = new Pkcs10CertificateRequest(pem);
    const key = request.publicKey.algorithm as { name: string; namedCurve?: string };
    if (key.name !== "ECDSA" || key.namedCurve !== "P-256") throw new TypeError("its key is not EC P-256");
    // Proof that the sender holds the private key.
    if (!(await request.verify())) throw new TypeError("its signature does not fit its key");
    return request.publicKey;
  } catch (cause) {
    throw new HavnError("The certificate request cannot be used", {
      detail: `${cause instanceof Error ? cause.message : cause}. Send a PKCS #10 request in PEM, EC P-256.`,
      status: 400,
      cause,
    });
  }
}

async function read(directory: string) {
  let pems: [string, string];
  try {
    pems = [
      await readFile(join(directory, "key.pem"), "utf8"),
      await readFile(join(directory, "ca.pem"), "utf8"),
    ];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  await chmod(join(directory, "key.pem"), 0o600);
  const key = await crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pems[0]), algorithm, false, [
    "sign",
  ]);
  return { key, certificate: new X509Certificate(pems[1]) };
}

async function create(directory: string, clock: Clock) {
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await generate({
    // Told apart from the authorities of other control planes in a person's eyes only.
    subject: [{ CN: [`havn authority ${randomBytes(4).toString("hex")}`] }],
    now: clock.now(),
    lifeMs: caLifeMs,
    publicKey: pair.publicKey,
    signingKey: pair.privateKey,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const pem = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", pair.privateKey), "PRIVATE KEY");
  // The certificate first: a key without its certificate would be taken for a broken authority.
  await writeFileAtomic(join(directory, "ca.pem"), certificate.toString("pem"), 0o644);
  await writeFileAtomic(join(directory, "key.pem"), pem, 0o600);
  return { key: pair.privateKey, certificate };
}

async function generate(options: {
  subject: JsonName;
  issuer?: JsonName;
  now: number;
  lifeMs: number;
  publicKey: PublicKey | CryptoKey;
  signingKey: CryptoKey;
  extensions: Extension[];
  authority?: X509Certificate;
}): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    // Positive and never with a leading zero byte, so that every library prints the same digits.
    serialNumber: `4${randomBytes(16).toString("hex").slice(1)}`,
    subject: options.subject,
    issuer: options.issuer ?? options.subject,
    notBefore: new Date(options.now - skewMs),
    notAfter: new Date(options.now + options.lifeMs),
    publicKey: options.publicKey,
    signingKey: options.signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      ...options.extensions,
      await SubjectKeyIdentifierExtension.create(options.publicKey),
      ...(options.authority
        ? [await AuthorityKeyIdentifierExtension.create(options.authority.publicKey)]
        : []),
    ],
  });
}

const isAddress = (name: string): boolean => /^[\d.]+$/.test(name) || name.includes(":");
