import { echo } from "./echo.js";

echo(WebSocket, `ws://${location.host}/ws?room=peers`);
