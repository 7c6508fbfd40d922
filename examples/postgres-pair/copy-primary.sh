# Makes this host's cluster a copy of the primary's. It refuses where there is something to lose: a cluster that holds
# databases of its own, a promoted standby for example, is never replaced.
export PGPASSFILE=/var/lib/postgresql/.pgpass
as_postgres() { runuser -u postgres -- "$@"; }

databases=$(as_postgres psql --no-psqlrc --tuples-only --no-align --command \
  "select count(*) from pg_database where datname not in ('postgres', 'template0', 'template1')")
if [ "$databases" != 0 ]; then
  echo "This cluster holds $databases database(s) of its own. Move it away (pg_dropcluster) if they are not needed." >&2
  exit 1
fi

copy=$DATA.copy
rm -rf "$copy"
install -d -o postgres -g postgres -m 0700 "$copy"
# -R writes standby.signal and how the primary is reached; the password stays in .pgpass.
as_postgres env PGPASSFILE="$PGPASSFILE" pg_basebackup --host="$PRIMARY" --username=replicator --no-password \
  --pgdata="$copy" --wal-method=stream --slot="$SLOT" --write-recovery-conf --checkpoint=fast
sync

# The copy is whole: only now does it take the empty cluster's place.
pg_ctlcluster $CLUSTER stop --mode fast
rm -rf "$DATA.empty"
mv "$DATA" "$DATA.empty"
mv "$copy" "$DATA"
rm -rf "$DATA.empty"
systemctl start "postgresql@$(echo "$CLUSTER" | tr ' ' -).service"
