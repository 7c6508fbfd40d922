import { type HostHandle, type ServiceHandle, steps } from "havn";

/** One more instance on the spare host while a web host is lost; it goes when the shop runs on the web host again. */
export const standIn = steps<{ shop: ServiceHandle; web: HostHandle[]; spare: HostHandle }>(
  async (step, { alert, with: { shop, web, spare } }) => {
    const lost = alert?.labels["host"] ?? "";
    await step.scale(shop, { to: web.length + 1, among: [...web, spare], name: `stand in on ${spare.name}` });
    let back = false;
    for (let round = 0; !back && round < 60; round++) {
      await step.wait(round < 6 ? "10s" : "1m");
      ({ ok: back } = await step.run(["true"], { on: lost, mayFail: true, name: `is ${lost} back?` }));
    }
    if (!back)
      await step.approve(`${lost} stays away. Is it back, so that ${spare.name} may stop standing in?`, {
        timeout: "7d",
      });
    await step.restart(shop, { on: lost, name: `restart the shop on ${lost}` });
    await step.scale(shop, { to: web.length, among: web, name: `leave ${spare.name} again` });
  },
);
