/**
 * NRPE's usual encryption: keys are agreed on without certificates, so that nobody can listen, though anybody who stands
 * between can pretend. TLS 1.3 has no such thing, and OpenSSL offers it at security level 0 only.
 */
export const anonymousTls = {
  ciphers:
    "ADH-AES256-GCM-SHA384:ADH-AES128-GCM-SHA256:AECDH-AES256-SHA:AECDH-AES128-SHA:ADH-AES256-SHA:@SECLEVEL=0",
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.2",
} as const;
