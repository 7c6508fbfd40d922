# What people do to a Debian machine over the years, by ordinary means. Nothing here knows of Havn.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o Acquire::Retries=5 update
apt-get -qq -o Acquire::Retries=5 install --yes --no-install-recommends sudo cron locales nftables mariadb-server >/dev/null

# packages: one held, one that brings others, one that is only a dependency made manual
apt-get -qq -o Acquire::Retries=5 install --yes --no-install-recommends nginx-light python3-venv bc >/dev/null
apt-mark -qq hold nginx-light >/dev/null
apt-mark -qq manual libgd3 >/dev/null 2>&1 || true

# repositories and keys
mkdir -p /etc/apt/keyrings
printf '%s\n' '-----BEGIN PGP PUBLIC KEY BLOCK-----' '' 'mDMEZ' '-----END PGP PUBLIC KEY BLOCK-----' > /etc/apt/keyrings/example.asc
head -c 700 /dev/urandom > /usr/share/keyrings/example-archive.gpg
echo '# deb [signed-by=/etc/apt/keyrings/example.asc] https://packages.example.org/debian bookworm main' > /etc/apt/sources.list.d/example.list
printf 'Package: *\nPin: release o=Example\nPin-Priority: 100\n' > /etc/apt/preferences.d/example

# accounts
groupadd --gid 1500 ops
groupadd --system renderers
useradd --create-home --shell /bin/bash --comment 'Ann Example,,,' --groups ops,adm ann
echo 'ann:correct horse' | chpasswd
useradd --create-home --gid ops --shell /bin/sh bob
passwd --quiet --lock bob 2>/dev/null || usermod --lock bob
useradd --system --home-dir /opt/worker --shell /usr/sbin/nologin worker
usermod --append --groups adm www-data
mkdir -p /home/ann/.ssh && chmod 700 /home/ann/.ssh
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6xF1qkYs8qG6Sx2vW8bMOcJp0k3nNf0aL2J0xNdGtr ann@laptop' > /home/ann/.ssh/authorized_keys
echo 'from="10.0.0.0/8,192.0.2.1",no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6xF1qkYs8qG6Sx2vW8bMOcJp0k3nNf0aL2J0xBackup backup of everything' >> /home/ann/.ssh/authorized_keys
chown -R ann:ann /home/ann/.ssh

# sudo
echo '%ops ALL=(ALL) NOPASSWD: /usr/bin/systemctl restart nginx' > /etc/sudoers.d/ops
chmod 440 /etc/sudoers.d/ops
echo 'Defaults insults' >> /etc/sudoers

# the system
echo Europe/Oslo > /etc/timezone
ln -sf /usr/share/zoneinfo/Europe/Oslo /etc/localtime
sed -i 's/^# *nb_NO.UTF-8/nb_NO.UTF-8/' /etc/locale.gen
locale-gen >/dev/null
update-locale LANG=nb_NO.UTF-8
# Machines of the lab have a link there, to a file that they may not write.
if test -L /etc/hosts; then cp --remove-destination "$(readlink -f /etc/hosts)" /etc/hosts; fi
printf '10.0.0.9\tdb.internal   db  # the database\n2001:db8::9 db.internal\n' >> /etc/hosts
echo 'tmpfs   /srv/scratch  tmpfs  size=1m,nosuid 0 0' >> /etc/fstab
mkdir -p /srv/scratch /srv/later
mount /srv/scratch
echo 'tmpfs /srv/later tmpfs noauto 0 0' >> /etc/fstab
echo 'net.ipv4.ip_forward = 1' > /etc/sysctl.d/50-router.conf
echo 'vm.swappiness = 10' >> /etc/sysctl.conf
echo br_netfilter > /etc/modules-load.d/bridge.conf
mkdir -p /etc/modprobe.d
echo 'blacklist pcspkr' > /etc/modprobe.d/quiet.conf
update-alternatives --quiet --set awk /usr/bin/mawk
update-alternatives --quiet --install /usr/local/bin/greet greet /bin/true 10
update-alternatives --quiet --set greet /bin/true
dpkg-divert --quiet --local --rename --add /usr/bin/bc
dpkg-divert --quiet --local --rename --divert /usr/bin/dc.real --add /usr/bin/dc

# units
printf '[Unit]\nDescription=A worker\n[Service]\nExecStart=/bin/sleep infinity\nUser=worker\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/worker.service
printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' > /etc/systemd/system/sweep.service
printf '[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n' > /etc/systemd/system/sweep.timer
mkdir -p /etc/systemd/system/nginx.service.d
printf '[Service]\nLimitNOFILE=65536\n' > /etc/systemd/system/nginx.service.d/limits.conf
systemctl daemon-reload
systemctl --quiet enable --now worker.service sweep.timer
systemctl --quiet disable --now cron.service
systemctl --quiet mask apt-daily.timer
systemctl --quiet enable nftables.service

# cron
echo '17 3 * * * root /usr/local/bin/backup --all' > /etc/cron.d/backup
printf '#!/bin/sh\nexit 0\n' > /etc/cron.daily/tidy
chmod 755 /etc/cron.daily/tidy
echo '*/5 * * * * /usr/bin/true' | crontab -u ann -

# firewall
cat > /etc/nftables.conf <<'END'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
	chain input { type filter hook input priority filter; policy accept; }
}
END
nft -f /etc/nftables.conf

# configuration files: changed, taken away, added, linked, binary, empty, secret
sed -i 's/worker_connections .*/worker_connections 2048;/' /etc/nginx/nginx.conf
rm /etc/nginx/fastcgi.conf
rm -f /etc/nginx/sites-enabled/default
printf 'server {\n  listen 8081;\n  # blå ø\n  root "/srv/www $x `y` ${z} \\\\ %%s";\n}\n' > /etc/nginx/sites-available/shop
ln -s ../sites-available/shop /etc/nginx/sites-enabled/shop
mkdir -p -m 750 /etc/worker/conf.d
chown worker:renderers /etc/worker
echo 'threads = 4' > /etc/worker/worker.conf
echo 'password = hunter2-of-the-test' > /etc/worker/conf.d/database.conf
chmod 600 /etc/worker/conf.d/database.conf
head -c 4096 /dev/urandom > /etc/worker/model.bin
: > /etc/worker/empty
openssl genpkey -quiet -algorithm ed25519 -out /etc/ssl/private/shop.key 2>/dev/null || openssl genpkey -algorithm ed25519 -out /etc/ssl/private/shop.key 2>/dev/null
chmod 640 /etc/ssl/private/shop.key
printf 'with space and "quotes"\n' > '/etc/worker/a name.txt'
echo 'Welcome. Do not touch.' > /etc/motd

# databases and languages
mariadb -e "create database shop character set utf8mb4; create user ann@localhost identified via unix_socket; create user app@'%' identified by 'app-of-the-test'"
python3 -m venv /opt/tools
