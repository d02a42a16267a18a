import { WebSocket } from "../../../web/node_modules/ws/wrapper.mjs";

import { echo } from "./echo.js";

echo(WebSocket, process.argv[2]);
