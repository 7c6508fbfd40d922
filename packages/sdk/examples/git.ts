import { git, type HostHandle, pkg } from "havn";

export default (web1: HostHandle): void => {
  git("/srv/dotfiles", {
    host: web1,
    repository: "/srv/git/dotfiles.git",
    revision: "v1",
    dependsOn: pkg("git", { host: web1 }),
  });
};
