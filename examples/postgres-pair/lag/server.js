// How far this standby is behind, in Prometheus' text format. It asks with psql, which the server's package brings.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { promisify } from "node:util";

const question = `
  select pg_is_in_recovery()::int,
    (select count(*) from pg_stat_wal_receiver where status = 'streaming'),
    case when not pg_is_in_recovery() or pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
      else coalesce(extract(epoch from now() - pg_last_xact_replay_timestamp()), 0) end`;

async function read() {
  const args = [
    "--no-psqlrc",
    "--no-password",
    "--tuples-only",
    "--no-align",
    "--field-separator= ",
    "--command",
    question,
  ];
  const { stdout } = await promisify(execFile)("psql", args, { timeout: 2000 });
  const [standby, streaming, lag] = stdout.trim().split(" ").map(Number);
  return { standby, streaming, lag };
}

const format = ({
  standby,
  streaming,
  lag,
}) => `# HELP postgres_replication_standby 1 while this server follows a primary.
# TYPE postgres_replication_standby gauge
postgres_replication_standby ${standby}
# HELP postgres_replication_streaming 1 while changes arrive from the primary.
# TYPE postgres_replication_streaming gauge
postgres_replication_streaming ${streaming}
# HELP postgres_replication_lag_seconds Age of the last change that was replayed, while there are others to replay.
# TYPE postgres_replication_lag_seconds gauge
postgres_replication_lag_seconds ${lag}
`;

const server = createServer(async (request, response) => {
  if (request.url === "/healthz") return response.end("ok\n");
  try {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(format(await read()));
  } catch (error) {
    response.statusCode = 503;
    response.end(`${error instanceof Error ? error.message : error}\n`);
  }
});
server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
