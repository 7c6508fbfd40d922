import { type HostHandle, pkg } from "havn";

export default (web1: HostHandle): void => {
  pkg("popularity-contest", {
    host: web1,
    answers: { "popularity-contest/participate": false },
    hold: true,
  });
  pkg("telnet", { host: web1, absent: true });
};
