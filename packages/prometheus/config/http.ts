import { referenceSchema } from "@havn/model";
import { z } from "zod";
import { word } from "./values.ts";

/** What stands in place of a secret: in a file its text, in a declared resource a reference only. */
export type SecretSchema = z.ZodType<unknown>;
export const secretInFile: SecretSchema = word;
export const secretInGraph: SecretSchema = referenceSchema;

/** `tls_config`; what its files hold, once they were read, stands in `ca`, `cert` and `key`. */
export const tlsConfig = (secret: SecretSchema) =>
  z.strictObject({
    ca: z.string().optional(),
    ca_file: z.string().optional(),
    cert: z.string().optional(),
    cert_file: z.string().optional(),
    key: secret.optional(),
    key_file: z.string().optional(),
    server_name: z.string().optional(),
    insecure_skip_verify: z.boolean().optional(),
    min_version: z.enum(["TLS10", "TLS11", "TLS12", "TLS13"]).optional(),
    max_version: z.enum(["TLS10", "TLS11", "TLS12", "TLS13"]).optional(),
  });

/** Prometheus' `http_config`: how something is asked over HTTP. */
export const httpConfig = (secret: SecretSchema) => ({
  basic_auth: z
    .strictObject({
      username: word.optional(),
      username_file: z.string().optional(),
      password: secret.optional(),
      password_file: z.string().optional(),
    })
    .optional(),
  authorization: z
    .strictObject({
      type: z.string().optional(),
      credentials: secret.optional(),
      credentials_file: z.string().optional(),
    })
    .optional(),
  bearer_token: secret.optional(),
  bearer_token_file: z.string().optional(),
  tls_config: tlsConfig(secret).optional(),
  follow_redirects: z.boolean().optional(),
  enable_http2: z.boolean().optional(),
  http_headers: z
    .record(
      z.string(),
      z.strictObject({
        values: z.array(word).optional(),
        secrets: z.array(secret).optional(),
        files: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});
const httpShape = z.object(httpConfig(secretInGraph));
/** In a declared resource; references are opened before it is used. */
export type HttpConfig = z.output<typeof httpShape>;
