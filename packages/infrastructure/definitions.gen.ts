// Written by generate.ts from the folders in resources/.
import alternativesType from "./resources/alternatives/definition.ts";
import archiveType from "./resources/archive/definition.ts";
import assertType from "./resources/assert/definition.ts";
import authorizedKeyType from "./resources/authorized.key/definition.ts";
import blockType from "./resources/block/definition.ts";
import certificateType from "./resources/certificate/definition.ts";
import commandType from "./resources/command/definition.ts";
import cronEntryType from "./resources/cron.entry/definition.ts";
import directoryType from "./resources/directory/definition.ts";
import downloadType from "./resources/download/definition.ts";
import dpkgDiversionType from "./resources/dpkg.diversion/definition.ts";
import fileType from "./resources/file/definition.ts";
import gitType from "./resources/git/definition.ts";
import groupType from "./resources/group/definition.ts";
import hardlinkType from "./resources/hardlink/definition.ts";
import hostnameType from "./resources/hostname/definition.ts";
import hostsEntryType from "./resources/hosts.entry/definition.ts";
import httpType from "./resources/http/definition.ts";
import kernelModuleType from "./resources/kernel.module/definition.ts";
import lineType from "./resources/line/definition.ts";
import localeType from "./resources/locale/definition.ts";
import mariadbDatabaseType from "./resources/mariadb.database/definition.ts";
import mariadbGrantType from "./resources/mariadb.grant/definition.ts";
import mariadbUserType from "./resources/mariadb.user/definition.ts";
import mountType from "./resources/mount/definition.ts";
import nftablesTableType from "./resources/nftables.table/definition.ts";
import npmPackageType from "./resources/npm.package/definition.ts";
import packageType from "./resources/package/definition.ts";
import packageRepositoryType from "./resources/package.repository/definition.ts";
import pipPackageType from "./resources/pip.package/definition.ts";
import postgresDatabaseType from "./resources/postgres.database/definition.ts";
import postgresExtensionType from "./resources/postgres.extension/definition.ts";
import postgresGrantType from "./resources/postgres.grant/definition.ts";
import postgresRoleType from "./resources/postgres.role/definition.ts";
import rebootType from "./resources/reboot/definition.ts";
import replaceType from "./resources/replace/definition.ts";
import scriptType from "./resources/script/definition.ts";
import settingIniType from "./resources/setting.ini/definition.ts";
import settingJsonType from "./resources/setting.json/definition.ts";
import settingTomlType from "./resources/setting.toml/definition.ts";
import settingXmlType from "./resources/setting.xml/definition.ts";
import settingYamlType from "./resources/setting.yaml/definition.ts";
import sudoRuleType from "./resources/sudo.rule/definition.ts";
import swapType from "./resources/swap/definition.ts";
import symlinkType from "./resources/symlink/definition.ts";
import sysctlType from "./resources/sysctl/definition.ts";
import systemdUnitType from "./resources/systemd.unit/definition.ts";
import timezoneType from "./resources/timezone/definition.ts";
import userType from "./resources/user/definition.ts";
import waitType from "./resources/wait/definition.ts";

export const definitions = {
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
