import { type HostHandle, httpRequest } from "havn";

export default (web1: HostHandle): void => {
  const url = "http://api.example.org/templates/logs";
  httpRequest("log template", { host: web1, method: "PUT", url, body: "{}", unless: { url } });
};
