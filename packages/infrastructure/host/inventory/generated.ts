/** What packages' scripts and the system itself write into /etc, or what other kinds of an inventory tell of. */
const generated: readonly RegExp[] = [
  // Accounts, their names and numbers.
  /^\/etc\/(passwd|shadow|group|gshadow|subuid|subgid)-?$/,
  /^\/etc\/\.pwd\.lock$/,
  // Told of as what stands in them.
  /^\/etc\/(hostname|hosts|fstab|timezone|localtime|locale\.gen|default\/locale|locale\.conf)$/,
  /^\/etc\/(alternatives|systemd\/system|systemd\/user|rc[0-6S]\.d)(\/|$)/,
  /^\/etc\/sudoers\.d\/README$/,
  // Made from something else, or known only to this host.
  /^\/etc\/(ld\.so\.cache|mtab|machine-id|adjtime|resolv\.conf|mailcap|papersize|nologin)$/,
  /^\/etc\/(\.updated|ssh\/ssh_host_.*|udev\/hwdb\.bin|init\.d\/\.depend\..*|ca-certificates\.conf(\.dpkg-old)?)$/,
  /^\/etc\/ssl\/certs(\/|$)/,
  /^\/etc\/ssl\/private\/ssl-cert-snakeoil\.key$/,
  /^\/etc\/pam\.d\/common-[a-z-]+$/,
  /^\/etc\/(apparmor\.d\/cache|apparmor\.d\/local|lvm\/(archive|backup|cache)|pki\/java|java-[^/]*\/security)(\/|$)/,
  /^\/etc\/(networks|shells|rmt)$/,
  /^\/etc\/(dpkg\/origins\/default|default\/(keyboard|console-setup)|console-setup\/cached_.*)$/,
  /^\/etc\/(python3[^/]*\/|xml\/|sgml\/|fonts\/conf\.d\/|ca-certificates\/|emacs\/|texmf\/)/,
  /^\/etc\/(\.java|nvme\/host(id|nqn)|apt\/apt\.conf\.d\/0[12]autoremove.*)(\/|$)/,
  // What editors and dpkg leave behind.
  /(~|\.(dpkg-(old|dist|new|tmp|bak)|ucf-(old|dist)|swp))$/,
  /\/\.git(\/|$)/,
  /^\/etc\/(runit|sv)(\/|$)/,
  // Havn's own, on machines that it makes too.
  /^\/etc\/havn(-machine)?(\/|$)/,
  /\/(\d+-?)?havn(\.(conf|network))?$/,
];

export const isGenerated = (path: string): boolean => generated.some((pattern) => pattern.test(path));
