import { type Handle, listOf, nameOf } from "./environment.ts";
import { declareOnHost, type HostResourceOptions } from "./on-host.ts";
import type { Text } from "./references.ts";

export interface GroupOptions extends HostResourceOptions {
  /**
   * Its number. Default: the next free one.
   * @example gid: 1500
   */
  gid?: number;
  /**
   * Exactly these users are in it. Default: left as they are; a user's own `groups` add to it.
   * @example members: [deploy]
   */
  members?: readonly (UserHandle | string)[];
  /**
   * True: a new group's number comes from the system's range. Default: false.
   * @example system: true
   */
  system?: boolean;
  /**
   * True: the group must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A group of users on a host. */
export interface GroupHandle extends Handle {
  readonly type: "group";
}

/**
 * A group of users on a host. When it is no longer declared it is removed only if Havn made it.
 *
 * @example const ops = group("ops", { host: web1 });
 */
export function group(name: string, options: GroupOptions): GroupHandle {
  const members = options.members && [...options.members];
  return declareOnHost("group", name, options, {
    fixed: { name, members: members?.map(nameOf) },
    uses: members ?? [],
  });
}

export interface UserOptions extends HostResourceOptions {
  /**
   * Number of the user. Default: the next free one.
   * @example uid: 1500
   */
  uid?: number;
  /**
   * Primary group. Default: a group of the user's own name.
   * @example group: "www-data"
   */
  group?: GroupHandle | string;
  /**
   * Supplementary groups. Default: left as they are.
   * @example groups: ["adm", ops]
   */
  groups?: readonly (GroupHandle | string)[];
  /**
   * True: the user leaves all supplementary groups that are not in `groups`. Default: false.
   * @example groupsExactly: true
   */
  groupsExactly?: boolean;
  /**
   * Full name or purpose.
   * @example comment: "Deployments"
   */
  comment?: string;
  /**
   * Home directory. Default: /home/NAME for a new user. Changing it moves no files.
   * @example home: "/var/lib/shop"
   */
  home?: string;
  /**
   * Whether the home of a new user is made. Default: true unless `system`.
   * @example createHome: false
   */
  createHome?: boolean;
  /**
   * Login shell. Default: the host's own for a new user.
   * @example shell: "/usr/sbin/nologin"
   */
  shell?: string;
  /**
   * Password as crypt hashed it (`mkpasswd --method=yescrypt`). Give it as a secret.
   * @example passwordHash: secret("deploy-password-hash")
   */
  passwordHash?: Text;
  /**
   * True: no password lets the user in; keys still do. Default: left as it is.
   * @example locked: true
   */
  locked?: boolean;
  /**
   * True: a new user's number comes from the system's range, and no home is made. Default: false.
   * @example system: true
   */
  system?: boolean;
  /**
   * True: the user must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
  /**
   * True: when the user goes, the home goes too, with everything in it. Default: false.
   * @example removeHome: true
   */
  removeHome?: boolean;
}

/** A user on a host. */
export interface UserHandle extends Handle {
  readonly type: "user";
}

/**
 * A user on a host. When it is no longer declared it is removed only if Havn made it; its home stays.
 *
 * @example const deploy = user("deploy", { host: web1, groups: ["adm"], shell: "/bin/bash" });
 */
export function user(name: string, options: UserOptions): UserHandle {
  const groups = options.groups && [...options.groups];
  return declareOnHost("user", name, options, {
    fixed: { name, group: nameOf(options.group), groups: groups?.map(nameOf) },
    uses: [options.group, ...(groups ?? [])],
  });
}

export interface AuthorizedKeyOptions extends HostResourceOptions {
  /**
   * Public key: type, key and comment, as in id_ed25519.pub.
   * @example key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… ann@laptop"
   */
  key: string;
  /**
   * Restrictions, as sshd knows them. Default: none.
   * @example options: ['from="10.0.0.0/8"', "no-port-forwarding"]
   */
  options?: readonly string[];
  /**
   * True: the key must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A public key that lets somebody sign in as a user. */
export interface AuthorizedKeyHandle extends Handle {
  readonly type: "authorized.key";
}

/**
 * A public key in the user's ~/.ssh/authorized_keys; other keys there stay. The file is written with the user's own
 * rights. When it is no longer declared the key is removed only if Havn brought it.
 *
 * @example authorizedKey(deploy, { host: web1, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… ann@laptop" });
 */
export function authorizedKey(user: UserHandle | string, options: AuthorizedKeyOptions): AuthorizedKeyHandle {
  const login = String(nameOf(user));
  // The end of the key tells keys of one user apart; their beginnings are alike.
  const tail = String(options.key).split(" ")[1]?.replace(/=+$/, "").slice(-16) ?? "";
  return declareOnHost("authorized.key", `${login}:${tail}`, options, {
    fixed: { user: login },
    uses: [user],
  });
}

export interface SudoRuleOptions extends HostResourceOptions {
  /**
   * Who may: a user, a group, or an alias of sudoers. Either this or `content`.
   * @example user: deploy
   * @example user: "%ops"
   */
  user?: UserHandle | GroupHandle | string;
  /**
   * What may be run, with absolute paths. Default: ["ALL"].
   * @example commands: ["/usr/bin/systemctl restart shop"]
   */
  commands?: readonly string[];
  /**
   * As whom. Default: "ALL" (anybody).
   * @example runAs: "root"
   */
  runAs?: string;
  /**
   * True: no password is asked for. Default: false.
   * @example noPassword: true
   */
  noPassword?: boolean;
  /**
   * The whole file in sudoers' own language, in place of `user` and `commands`.
   * @example content: "Defaults:deploy !requiretty\ndeploy ALL=(root) NOPASSWD: ALL\n"
   */
  content?: Text;
  /**
   * True: the rule must not be there. Default: false.
   * @example absent: true
   */
  absent?: boolean;
}

/** A file in /etc/sudoers.d. */
export interface SudoRuleHandle extends Handle {
  readonly type: "sudo.rule";
}

/**
 * Who may run what as somebody else: a file of its own in /etc/sudoers.d, which visudo must accept before it takes its
 * place. Needs the package sudo.
 *
 * @example
 * sudoRule("deploy", { host: web1, user: deploy, commands: ["/usr/bin/systemctl restart shop"], noPassword: true });
 */
export function sudoRule(name: string, options: SudoRuleOptions): SudoRuleHandle {
  const { user } = options;
  const isGroup = typeof user === "object" && user.type === "group";
  return declareOnHost("sudo.rule", name, options, {
    fixed: { name, user: isGroup ? `%${user.name}` : nameOf(user) },
    uses: listOf(user),
  });
}
