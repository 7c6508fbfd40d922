import type { SealedFile } from "@havn/model";
import type { Sql, TransactionSql } from "@havn/postgres";

export interface SealedSecret {
  environment: string;
  name: string;
  nonce: Buffer;
  /** Ciphertext, then the 16 bytes of its tag. */
  sealed: Buffer;
}

/** What is known of a secret without opening it. */
export interface SecretRow {
  environment: string;
  name: string;
  version: number;
  given: boolean;
  createdAt: number;
  createdBy: string;
}

/** The first version, unless there is one. */
export const addSecret = (sql: Sql, secret: SealedSecret, at: number) => sql`
  insert into access.secret (environment, name, version, nonce, sealed, created_at)
  values (${secret.environment}, ${secret.name}, 1, ${secret.nonce}, ${secret.sealed}, ${at})
  on conflict do nothing`;

export interface NewVersion {
  secret: SealedSecret;
  given: boolean;
  at: number;
  actor: string;
}

/** The next version; the value of those before is forgotten. Of two at once, one waits for the other. */
export const addSecretVersion = (sql: Sql, { secret, given, at, actor }: NewVersion): Promise<number> =>
  sql.begin(async (db: TransactionSql) => {
    const { environment, name, nonce, sealed } = secret;
    await db`select pg_advisory_xact_lock(hashtext(${`havn secret ${environment}/${name}`}))`;
    await db`
      update access.secret set nonce = null, sealed = null where environment = ${environment} and name = ${name}`;
    const [row] = await db<{ version: number }[]>`
      insert into access.secret (environment, name, version, nonce, sealed, created_at, created_by, given)
      select ${environment}, ${name}, coalesce(max(version), 0) + 1, ${nonce}, ${sealed}, ${at}, ${actor}, ${given}
      from access.secret where environment = ${environment} and name = ${name}
      returning version`;
    return row?.version ?? 1;
  });

export async function findSecret(
  sql: Sql,
  environment: string,
  name: string,
): Promise<SealedSecret | undefined> {
  const [row] = await sql<SealedSecret[]>`
    select environment, name, nonce, sealed from access.secret
    where environment = ${environment} and name = ${name} and sealed is not null
    order by version desc limit 1`;
  return row;
}

/** The newest version of each secret, of one environment or of all. */
export const listSecrets = (sql: Sql, environment: string | undefined) => sql<SecretRow[]>`
  select environment, name, version, given, created_at as "createdAt", created_by as "createdBy"
  from access.secret
  where sealed is not null ${environment === undefined ? sql`` : sql`and environment = ${environment}`}
  order by environment, name`;

/** Whether there was one to delete. Its versions go on counting: a later secret of that name is told from this one. */
export async function deleteSecret(sql: Sql, environment: string, name: string): Promise<boolean> {
  const { count } = await sql`
    update access.secret set nonce = null, sealed = null
    where environment = ${environment} and name = ${name} and sealed is not null`;
  return count > 0;
}

export async function findAnySecret(sql: Sql): Promise<{ environment: string; name: string } | undefined> {
  const [row] = await sql<{ environment: string; name: string }[]>`
    select environment, name from access.secret where sealed is not null limit 1`;
  return row;
}

export interface SealedValueRow {
  environment: string;
  id: string;
  name: string;
  /** Empty for an age file, which is one value. */
  path: (string | number)[];
  /** Digest of its file. */
  file: string;
}

export interface SealedFileRow extends Omit<SealedFile, "file" | "text"> {
  digest: string;
  content: string;
}

/** Keeps files and the values in them: a value that came before now stands in the newer file. */
export const putSealed = (
  sql: Sql,
  { files, values, at }: { files: readonly SealedFileRow[]; values: readonly SealedValueRow[]; at: number },
) =>
  sql.begin(async (db: TransactionSql) => {
    for (const { digest, format, content } of files)
      await db`
        insert into access.sealed_file (digest, format, content, created_at)
        values (${digest}, ${format}, ${content}, ${at})
        on conflict (digest) do update set created_at = excluded.created_at`;
    for (const { environment, id, name, path, file } of values)
      await db`
        insert into access.sealed_value (environment, id, name, path, file, created_at)
        values (${environment}, ${id}, ${name}, ${db.json(path)}, ${file}, ${at})
        on conflict (environment, id) do update set name = excluded.name, path = excluded.path, file = excluded.file,
          created_at = excluded.created_at`;
  });

export async function findSealedValue(
  sql: Sql,
  environment: string,
  id: string,
): Promise<(SealedFileRow & Pick<SealedValueRow, "name" | "path">) | undefined> {
  const [row] = await sql<(SealedFileRow & Pick<SealedValueRow, "name" | "path">)[]>`
    select value.name, value.path, file.digest, file.format, file.content
    from access.sealed_value value join access.sealed_file file on file.digest = value.file
    where value.environment = ${environment} and value.id = ${id}`;
  return row;
}

/** All that hosts of an environment were sent of encrypted files, values of one file after each other. */
export const listSealedValues = (sql: Sql, environment: string) => sql<
  (SealedFileRow & Pick<SealedValueRow, "path">)[]
>`
  select value.path, file.digest, file.format, file.content
  from access.sealed_value value join access.sealed_file file on file.digest = value.file
  where value.environment = ${environment} order by file.digest`;

/** Values that nothing was planned with since, but those `inUse`, and files that hold none of the others. */
export const deleteSealed = (sql: Sql, plannedBefore: number, inUse: readonly string[]) =>
  sql.begin(async (db: TransactionSql) => {
    await db`
      delete from access.sealed_value where created_at < ${plannedBefore} and id <> all(${[...inUse]}::text[])`;
    await db`
      delete from access.sealed_file file where created_at < ${plannedBefore}
        and not exists (select 1 from access.sealed_value value where value.file = file.digest)`;
  });
