import { readFileSync } from "node:fs";
import {
  certificate,
  directory,
  file,
  type HostHandle,
  pkg,
  type SystemdUnitHandle,
  symlink,
  systemdUnit,
} from "havn";

const read = (name: string): string => readFileSync(new URL(`files/${name}`, import.meta.url), "utf8");

export interface SiteOptions {
  /** DNS names that it answers to. */
  names: readonly string[];
}

/** NGINX with TLS, strict headers and one static site. */
export function site(host: HostHandle, { names }: SiteOptions): SystemdUnitHandle {
  const nginx = pkg("nginx", { host });
  const settings = [
    file("/etc/nginx/conf.d/10-hardened.conf", {
      host,
      dependsOn: nginx,
      content: read("nginx-hardened.conf"),
    }),
    file("/etc/nginx/conf.d/20-limits.conf", { host, dependsOn: nginx, content: read("nginx-limits.conf") }),
    file("/etc/nginx/snippets/headers.conf", { host, dependsOn: nginx, content: read("nginx-headers.conf") }),
    file("/etc/nginx/sites-available/site.conf", {
      host,
      dependsOn: nginx,
      content: read("nginx-site.conf").replaceAll("{{ names }}", names.join(" ")),
    }),
    symlink("/etc/nginx/sites-enabled/site.conf", { host, target: "/etc/nginx/sites-available/site.conf" }),
    file("/etc/nginx/sites-enabled/default", { host, absent: true, dependsOn: nginx }),
  ];
  // The key is made on the host and stays there; the control plane's own authority signs.
  const folder = directory("/etc/nginx/tls", { host, mode: "0750", dependsOn: nginx });
  const tls = certificate("/etc/nginx/tls/site", { host, names: [...names], dependsOn: folder });
  for (const path of ["/srv/www", "/srv/www/site", "/srv/www/site/.well-known"]) directory(path, { host });
  file("/srv/www/site/index.html", { host, content: read("index.html") });
  file("/srv/www/site/robots.txt", { host, content: "User-agent: *\nDisallow:\n" });
  file("/srv/www/site/.well-known/security.txt", {
    host,
    content: "Contact: mailto:security@example.org\nExpires: 2027-11-01T00:00:00.000Z\n",
  });
  file("/etc/logrotate.d/nginx", { host, dependsOn: nginx, content: read("logrotate-nginx") });
  return systemdUnit("nginx", {
    host,
    dependsOn: nginx,
    dropIns: { hardened: read("nginx-unit.conf") },
    reloadOn: [...settings, tls],
  });
}
