import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInfluxLine } from "./parse.ts";

const shown = (line: string) => {
  const point = parseInfluxLine(line);
  if (!point) return "nothing";
  const { labels, fields, time, texts } = point;
  return `${labels.join("|")} ${fields.map(({ name, value }) => `${name}=${value}`).join(" ")} ${time} ${texts}`;
};

test("lines as they are written", () => {
  const cases: [string, string][] = [
    [
      "cpu,host=a,core=1 usage=0.5,idle=3i 1465839830100400200",
      "host|a|core|1 cpu_usage=0.5 cpu_idle=3 1465839830100400200 0",
    ],
    ["cpu value=1", " cpu=1 undefined 0"],
    ["my\\ cpu\\,x,a\\=b=c\\ d up=t,down=FALSE 5", "a_b|c d my_cpu_x_up=1 my_cpu_x_down=0 5 0"],
    ['log,k=v text="a, b \\" c=1",n=2u -7', "k|v log_n=2 -7 1"],
    ["m f=-1.5e-3", " m_f=-0.0015 undefined 0"],
    ["# comment", "nothing"],
    ["  ", "nothing"],
  ];
  for (const [line, expected] of cases) assert.equal(shown(line), expected, line);
});

test("what is no line says why", () => {
  for (const line of [
    "cpu",
    "cpu ",
    "cpu,host=a",
    "cpu usage",
    "cpu usage=",
    "cpu usage=x",
    "cpu usage=1 soon",
    ",a=b c=1",
    "cpu,a=1,a=2 c=1",
    "cpu =1",
  ])
    assert.throws(() => parseInfluxLine(line), TypeError, line);
});
