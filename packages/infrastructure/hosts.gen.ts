// Written by generate.ts from the folders in resources/.
import alternativesType from "./resources/alternatives/host.ts";
import archiveType from "./resources/archive/host.ts";
import assertType from "./resources/assert/host.ts";
import authorizedKeyType from "./resources/authorized.key/host.ts";
import blockType from "./resources/block/host.ts";
import certificateType from "./resources/certificate/host.ts";
import commandType from "./resources/command/host.ts";
import cronEntryType from "./resources/cron.entry/host.ts";
import directoryType from "./resources/directory/host.ts";
import downloadType from "./resources/download/host.ts";
import dpkgDiversionType from "./resources/dpkg.diversion/host.ts";
import fileType from "./resources/file/host.ts";
import gitType from "./resources/git/host.ts";
import groupType from "./resources/group/host.ts";
import hardlinkType from "./resources/hardlink/host.ts";
import hostnameType from "./resources/hostname/host.ts";
import hostsEntryType from "./resources/hosts.entry/host.ts";
import httpType from "./resources/http/host.ts";
import kernelModuleType from "./resources/kernel.module/host.ts";
import lineType from "./resources/line/host.ts";
import localeType from "./resources/locale/host.ts";
import mariadbDatabaseType from "./resources/mariadb.database/host.ts";
import mariadbGrantType from "./resources/mariadb.grant/host.ts";
import mariadbUserType from "./resources/mariadb.user/host.ts";
import mountType from "./resources/mount/host.ts";
import nftablesTableType from "./resources/nftables.table/host.ts";
import npmPackageType from "./resources/npm.package/host.ts";
import packageType from "./resources/package/host.ts";
import packageRepositoryType from "./resources/package.repository/host.ts";
import pipPackageType from "./resources/pip.package/host.ts";
import postgresDatabaseType from "./resources/postgres.database/host.ts";
import postgresExtensionType from "./resources/postgres.extension/host.ts";
import postgresGrantType from "./resources/postgres.grant/host.ts";
import postgresRoleType from "./resources/postgres.role/host.ts";
import rebootType from "./resources/reboot/host.ts";
import replaceType from "./resources/replace/host.ts";
import scriptType from "./resources/script/host.ts";
import settingIniType from "./resources/setting.ini/host.ts";
import settingJsonType from "./resources/setting.json/host.ts";
import settingTomlType from "./resources/setting.toml/host.ts";
import settingXmlType from "./resources/setting.xml/host.ts";
import settingYamlType from "./resources/setting.yaml/host.ts";
import sudoRuleType from "./resources/sudo.rule/host.ts";
import swapType from "./resources/swap/host.ts";
import symlinkType from "./resources/symlink/host.ts";
import sysctlType from "./resources/sysctl/host.ts";
import systemdUnitType from "./resources/systemd.unit/host.ts";
import timezoneType from "./resources/timezone/host.ts";
import userType from "./resources/user/host.ts";
import waitType from "./resources/wait/host.ts";

export const readers = {
  "alternatives": alternativesType,
  "archive": archiveType,
  "assert": assertType,
  "authorized.key": authorizedKeyType,
  "block": blockType,
  "certificate": certificateType,
  "command": commandType,
  "cron.entry": cronEntryType,
  "directory": directoryType,
  "download": downloadType,
  "dpkg.diversion": dpkgDiversionType,
  "file": fileType,
  "git": gitType,
  "group": groupType,
  "hardlink": hardlinkType,
  "hostname": hostnameType,
  "hosts.entry": hostsEntryType,
  "http": httpType,
  "kernel.module": kernelModuleType,
  "line": lineType,
  "locale": localeType,
  "mariadb.database": mariadbDatabaseType,
  "mariadb.grant": mariadbGrantType,
  "mariadb.user": mariadbUserType,
  "mount": mountType,
  "nftables.table": nftablesTableType,
  "npm.package": npmPackageType,
  "package": packageType,
  "package.repository": packageRepositoryType,
  "pip.package": pipPackageType,
  "postgres.database": postgresDatabaseType,
  "postgres.extension": postgresExtensionType,
  "postgres.grant": postgresGrantType,
  "postgres.role": postgresRoleType,
  "reboot": rebootType,
  "replace": replaceType,
  "script": scriptType,
  "setting.ini": settingIniType,
  "setting.json": settingJsonType,
  "setting.toml": settingTomlType,
  "setting.xml": settingXmlType,
  "setting.yaml": settingYamlType,
  "sudo.rule": sudoRuleType,
  "swap": swapType,
  "symlink": symlinkType,
  "sysctl": sysctlType,
  "systemd.unit": systemdUnitType,
  "timezone": timezoneType,
  "user": userType,
  "wait": waitType,
} as const;
