import { createHash, randomBytes } from "node:crypto";

export const hashOf = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** 256 random bits; the prefix lets secret scanners know ours. */
export const newToken = (): string => `havn_${randomBytes(32).toString("base64url")}`;

export const newCode = (): string => randomBytes(32).toString("base64url");

export const newId = (): string => randomBytes(9).toString("base64url");
