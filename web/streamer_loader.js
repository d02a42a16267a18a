// Loads <streamer-room> from a relay. Host this file yourself: it also works on a device that does not trust
// the relay yet, where it says so and leads to the steps. Use: <script type="module" src="streamer_loader.js"
// data-relay="https://192.168.1.20:8443"></script>
const script = document.querySelector("script[data-relay]");
const relay = new URL(script?.getAttribute("data-relay") ?? new URL(".", location.href));
if (!relay.pathname.endsWith("/")) relay.pathname += "/"; // a folder, however it was written
const isOwnSite = relay.pathname === "/";
const words = {
  en: ["This device does not trust the voice server yet.", "Show me how"],
  de: ["Dieses Gerät vertraut dem Sprachserver noch nicht.", "So geht’s"],
  es: ["Este dispositivo aún no confía en el servidor de voz.", "Cómo se hace"],
};
const [problem, how] = words[/** @type {"en" | "de" | "es"} */ (navigator.language.slice(0, 2))] ?? words.en;

function explain() {
  for (const room of document.querySelectorAll("streamer-room")) {
    const fragment = new URLSearchParams({
      room: room.getAttribute("room") ?? "",
      key: room.getAttribute("key") ?? "",
    });
    const link = document.createElement("a");
    // A proxy has no page to learn trust.
    link.href = isOwnSite ? `http://${relay.host}/#${fragment}` : `${relay.href}#${fragment}`;
    link.textContent = how;
    link.target = "_blank";
    link.rel = "noopener";
    room.replaceChildren(problem, " ", link);
    room.dispatchEvent(new CustomEvent("error", { detail: { code: "blocked", message: problem } }));
  }
}

import(new URL("streamer_room.js", relay).href).catch(explain);
