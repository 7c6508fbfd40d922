import {
  archive,
  assertion,
  block,
  command,
  directory,
  download,
  environment,
  file,
  git,
  hardLink,
  host,
  httpRequest,
  line,
  reboot,
  replace,
  script,
  secret,
  settingIni,
  settingJson,
  settingToml,
  settingXml,
  settingYaml,
  symlink,
  template,
  waitFor,
} from "havn";

export default environment("files", {}, () => {
  const web = host("web-1", { ssh: { address: "10.0.0.7" } });
  const on = { host: web };
  // Declared before its directory, and ordered behind it all the same.
  file("/etc/app/app.conf", { ...on, touch: true, backup: true });
  directory("/etc/app", { ...on, purge: true });
  symlink("/etc/app/current", { ...on, target: "app.conf" });
  hardLink("/srv/second", { ...on, target: "/srv/first" });
  file("/srv/first", { ...on, touch: true });
  file("/srv/logo", { ...on, base64: "AAEC" });
  line("/etc/app/app.conf", { ...on, regexp: "^a", line: "b" });
  line("/etc/app/app.conf", { ...on, name: "token", line: secret("token") });
  block("/etc/hosts", { ...on, name: "shop", content: "10.0.0.1 db\n" });
  replace("/etc/hosts", { ...on, regexp: "db$", replacement: "database" });
  settingIni("/etc/my.cnf", { ...on, section: "mysqld", key: "port", value: 3306 });
  settingJson("/etc/a.json", { ...on, key: "a.b", value: { c: [1] } });
  settingYaml("/etc/a.yaml", { ...on, key: ["a", 0], value: null });
  settingToml("/etc/a.toml", { ...on, key: "a.b", absent: true });
  settingXml("/etc/a.xml", { ...on, key: "/a/b/@c", value: 1 });
  const greeting = template("{% for name in names %}{{ name | upper }}, {{ key }}\n{% endfor %}", {
    names: ["ann", "bob"],
    key: secret("greeting"),
  });
  const settings = file("/etc/greeting", { ...on, content: greeting });
  const tool = download("/opt/tool.tar.gz", { ...on, url: "https://example.org/t", sha256: "ab".repeat(32) });
  archive("/opt/tool", { ...on, source: tool, strip: 1 });
  git("/srv/app", { ...on, repository: "https://example.org/app.git", revision: "v1" });
  command("index", { ...on, command: ["tool", "index"], on: settings, env: { KEY: secret("index-key") } });
  script("setup", { ...on, content: "true\n", creates: "/srv/done" });
  httpRequest("reload", { ...on, url: "http://127.0.0.1:1/", method: "POST", on: [settings] });
  waitFor("app answers", { ...on, http: { url: "http://127.0.0.1:1/" } });
  assertion("debian", { ...on, file: { path: "/etc/debian_version" }, message: "Only Debian is known here" });
  reboot("when asked", { ...on, onFile: "/run/reboot-required" });
});
