import { environment, machine } from "havn";

export default environment("shop", {}, (async () => {
  machine("web-1");
  await Promise.resolve();
}) as () => void);
