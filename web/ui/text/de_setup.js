// Die Wörter der Seiten, die ein Gerät einrichten: wie es dem Server vertraut, und die Prüfung.

export const text = {
  trustTitle: "Ein Schritt zu deinem Mikrofon",
  trustLooking: "Einen Moment …",
  trustUnreachable:
    "Der Server antwortet nicht. Ist dieses Gerät noch im selben WLAN? Diese Seite versucht es weiter.",
  trustIos:
    "Auf einem iPhone oder iPad kannst du hier sprechen, sobald es diesem Server vertraut. Das dauert eine Minute und ist nur einmal nötig.",
  trustBrowser:
    "Dieser Server steht in deinem eigenen Netz, deshalb hat ihn keine Firma beglaubigt. Dein Browser warnt dich; das ist hier normal.",
  trustPageOnly:
    "Fast geschafft: Dieses Gerät öffnet die Seite, aber noch nicht die Sprachverbindung. Dafür muss das Zertifikat unten eingeschaltet sein.",
  trustOwnCertificate:
    "Dieses Gerät vertraut dem Zertifikat des Servers nicht. Frag die Person, die ihn betreibt, für welche Adresse das Zertifikat gilt.",
  trustGoOn: "Drücke „Weiter“.",
  trustAdvanced: "Drücke bei der Warnung „Erweitert“.",
  trustProceed: "Drücke „Weiter zu …“ oder „Risiko akzeptieren“.",
  goOn: "Weiter",
  trustForGood: "Diesem Server dauerhaft vertrauen",
  trustCompare:
    "Das ist der Fingerabdruck des Zertifikats. Vergleiche ihn mit dem auf dem Bildschirm des Computers, auf dem das hier läuft: Nur wenn beide gleich sind, kommt es wirklich von dort und nicht von jemand anderem in diesem Netz.",
  trustDownload: "Zertifikat herunterladen",
  iosDownload: "Drücke unten „Zertifikat herunterladen“, dann „Zulassen“.",
  iosInstall: "Öffne „Einstellungen“, drücke „Profil geladen“, dann „Installieren“.",
  iosTrust:
    "Unter „Einstellungen“, „Allgemein“, „Info“, „Zertifikats\u00advertrauens\u00adeinstellungen“: Schalte es ein.",
  androidDownload: "Drücke unten „Zertifikat herunterladen“.",
  androidInstall:
    "Öffne „Einstellungen“, suche nach „CA-Zertifikat“, drücke darauf, dann „Trotzdem installieren“.",
  androidChoose: "Wähle streamer-ca.crt und komm dann hierher zurück.",
  desktopInstall:
    "Installiere die Datei in den Einstellungen deines Browsers oder Systems als Zertifizierungsstelle und komm dann hierher zurück.",

  checkTitle: "Gerät testen",
  checkIntro: "Es dauert eine halbe Minute, und du hörst ein Zirpen. Die Moderation kann das Ergebnis lesen.",
  checkStart: "Test starten",
  checkAgain: "Noch einmal testen",
  checkBack: "Zum Raum",
  checkWaiting: "wartet",
  checkRunning: "wird getestet …",
  checkPasses: "gut",
  checkFails: "Problem",
  checkUnknown: "unbekannt",
  checkReady: "Alles bereit",
  checkReadyBut: "Bereit, mit einem Hinweis",
  checkNotYet: "Noch nicht",
  checkHeardAfter: "Man hört dich nach etwa {ms} ms, als wärst du {metres} m entfernt.",
  checkTold: "Die Moderation kann das Ergebnis lesen.",
  checkNotTold: "Das Ergebnis konnte nicht gesendet werden.",
  checkTooLong: "Es kam keine rechtzeitige Antwort: Versuche es noch einmal.",
  checkBroke: "Das ließ sich nicht testen: {message}",
  checkSecure: "Sichere Adresse",
  checkMicrophone: "Mikrofon",
  checkSpeak: "Erlaube das Mikrofon und sag etwas.",
  checkMicrophoneHears: "Es hört dich: höchstens {db} dB.",
  checkMicrophoneSoft:
    "Es hört etwas, aber keine Stimme (höchstens {db} dB): Teste noch einmal und sprich dabei.",
  checkMicrophoneSilent:
    "Es hört gar nichts: Ist es ausgeschaltet oder verdeckt, oder ist ein anderes gewählt?",
  checkLoudspeaker: "Lautsprecher",
  checkChirps: "Du solltest ein Zirpen hören.",
  checkStandsStill: "Der Browser spielt nichts ab: Drücke den Knopf noch einmal.",
  checkLoudspeakerHeard: "Das Mikrofon hört ihn.",
  checkLoudspeakerUnheard:
    "Das Mikrofon hört ihn nicht: Mit Kopfhörern ist das richtig, sonst stell den Lautsprecher lauter.",
  checkLoudspeakerAlone: "Das kann nur ein Mikrofon feststellen, und es gibt keines.",
  checkEchoName: "Kein Echo",
  checkNoEcho: "Was der Lautsprecher spielt, kommt nicht über das Mikrofon zurück.",
  checkEcho:
    "Was der Lautsprecher spielt, kommt mit {db} dB zurück, die anderen würden sich selbst hören: Nimm Kopfhörer.",
  checkEchoUnknown: "Das Mikrofon hört den Lautsprecher nicht, es gibt also nichts zu entfernen.",
  checkCodecName: "Dieses Gerät",
  checkCodec: "Es ist schnell genug: 10 ms Ton brauchen {ms} ms.",
  checkCodecSlow:
    "10 ms Ton brauchen {ms} ms, das ist zu langsam: Schließe andere Apps oder nimm ein anderes Gerät.",
  checkSocket: "Verbindung",
  checkSocketOpen: "Sie steht.",
  checkBlocked:
    "Dieses Gerät lehnt sie ab, weil es dem Server nicht vertraut: Folge den Schritten hinter dem Link der Moderation.",
  checkUnreachable: "Der Server ist nicht erreichbar: Ist dieses Gerät im selben Netz?",
  checkNetwork: "Netz",
  checkNeedsSocket: "Es gibt keine Verbindung zum Messen.",
  checkUnanswered: "Antworten fehlen: Geh näher an den Router.",
  checkRoundTrip: "Zum Server und zurück in {half} ms, Schwankung {jitter} ms.",
  checkSlow:
    "Zum Server und zurück dauert es {half} ms: Geh näher an den Router oder nimm ein weniger volles Netz.",
  checkJitter:
    "Zum Server und zurück in {half} ms, aber mit {jitter} ms Schwankung: Geh näher an den Router.",
};
