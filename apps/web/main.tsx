import { render } from "preact";
import { App } from "./shell/app.tsx";
import "./styles/index.css";

const root = document.getElementById("root");
if (root) render(<App />, root);
