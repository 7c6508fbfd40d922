import { settingReader } from "../setting.ts";

export default settingReader(() => import("./edit.ts"));
