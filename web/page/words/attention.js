// What reaches somebody who does not look at the page: its title says who talks, and where it was allowed a
// notification says what was written. Nothing is shown while the page is visible.

import { load, save } from "../../ui/storage.js";
import { t } from "../../ui/text.js";

export class Attention {
  #room = "";
  #talkers = "";
  on = load("notifications") === "on";

  /** @param {string} room empty outside of a room */
  set room(room) {
    this.#room = room;
    this.#render();
  }

  /** @param {string[]} names of who talks now */
  set talkers(names) {
    this.#talkers = names.join(", ");
    this.#render();
  }

  /**
   * Asks the browser for permission the first time.
   * @param {boolean} on
   * @returns {Promise<boolean>} whether notifications will be shown
   */
  async switch(on) {
    this.on = on && "Notification" in globalThis && (await Notification.requestPermission()) === "granted";
    save("notifications", this.on ? "on" : "off");
    return this.on;
  }

  /**
   * @param {string} title
   * @param {string} words
   */
  notify(title, words) {
    if (!this.on || document.visibilityState === "visible" || Notification.permission !== "granted") return;
    try {
      const notification = new Notification(title, {
        body: words,
        icon: "icons/any-192.png",
        tag: `streamer ${title}`,
      });
      notification.addEventListener("click", () => {
        window.focus();
        notification.close();
      });
    } catch {
      navigator.serviceWorker?.ready
        .then((worker) => worker.showNotification(title, { body: words }))
        .catch(() => {}); // Chrome on Android
    }
  }

  #render() {
    const title = this.#room ? t("titleInRoom", { room: this.#room }) : t("title");
    const shown = this.#talkers ? `${this.#talkers} · ${title}` : title;
    if (document.title !== shown) document.title = shown;
  }
}
