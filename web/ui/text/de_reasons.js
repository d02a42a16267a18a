// Warum eine Verbindung abgelehnt oder beendet wurde, nach den Codes des Protokolls und der Seite.

export const reasons = {
  lost: "Die Verbindung ist weg. Neuer Versuch …",
  unreachable: "Der Server ist nicht erreichbar. Neuer Versuch …",
  blocked: "Dieses Gerät vertraut dem Server noch nicht und lehnt deshalb die Sprachverbindung ab.",
  cutOff:
    "Etwas zwischen diesem Gerät und dem Server, etwa ein Proxy oder eine Firewall, blockiert die Sprachverbindung. Neuer Versuch …",
  noRelay: "Statt des Servers antwortet etwas anderes (HTTP-Status {message}). Neuer Versuch …",
  "bad-subprotocol": "Seite und Server haben verschiedene Versionen. Lade die Seite neu.",
  "bad-handshake": "Etwas zwischen dieser Seite und dem Server verändert, was sie einander sagen: {message}",
  draining: "Der Server startet neu. Neuer Versuch …",
  ended: "Die Verbindung wurde beendet: {message}",
  removed: "Die Moderation hat dich aus diesem Raum entfernt.",
  idle: "Die Verbindung wurde beendet, weil von diesem Gerät zu lange nichts kam.",
  "echo-wanted":
    "Auch andere möchten sich hören, darum bist du jetzt draußen. Tritt noch einmal bei, um weiterzumachen.",
  replaced:
    "Du bist auf einer anderen Seite oder mit einem anderen Gerät beigetreten, deshalb ist diese Seite nicht mehr dabei.",
  "too-fast": "Dieses Gerät hat mehr gesendet, als ein Mensch kann, und wurde getrennt.",
  "bad-message": "Diese Seite hat etwas gesendet, das der Server nicht versteht. Lade sie neu.",
  "too-big": "Der Server hat mehr gesendet, als diese Seite annehmen kann. Neuer Versuch später …",
  "bad-room": "So kann ein Raum nicht heißen. Nimm 1 bis 64 sichtbare Zeichen.",
  "bad-name":
    "Dieser Name geht nicht: Nimm 1 bis 40 sichtbare Zeichen, die keinem anderen Namen hier gleichen.",
  "key-required": "Dieser Raum ist nur für Eingeladene. Frag nach dem Link oder scanne den Code.",
  "key-wrong": "Diese Einladung gilt nicht für diesen Raum. Frag nach einem neuen Link.",
  "key-expired": "Diese Einladung ist abgelaufen. Frag nach einem neuen Link.",
  "key-used-up": "Diese Einladung ist aufgebraucht. Frag nach einem neuen Link.",
  "too-many-guesses": "Von diesem Gerät kamen zu viele falsche Einladungen. Warte eine Minute.",
  "no-room": "Diesen Raum gibt es hier nicht. Frag nach einem neuen Link.",
  "too-many": "Der Raum ist gerade voll. Neuer Versuch …",
  "too-many-knocks": "Du hast gerade erst angeklopft. Warte ein wenig.",
  "no-knock": "Auf dein Klopfen kam keine Antwort. Klopf noch einmal an.",
  locked: "Dieser Raum ist abgeschlossen. Du kannst anklopfen.",
  barred: "Dieses Gerät wurde aus dem Raum entfernt. Du kannst anklopfen und fragen.",
  "not-host": "Das darf nur die Moderation.",
  "no-member": "Diese Person ist nicht mehr da.",
  "foreign-origin":
    "Der Server nimmt die Adresse dieser Seite nicht an. Öffne die Adresse, die die Moderation zeigt.",
  shed: "Dein Netz war kurz zu langsam: Ein Teil des Gesagten fehlt.",
  "cluster-away":
    "Die anderen Server sind nicht erreichbar: Vorerst sind nur die Personen hier, die mit diesem verbunden sind.",
  "cluster-back": "Die anderen Server sind wieder erreichbar.",
};
