// Las palabras de las páginas que preparan un dispositivo: la confianza en el servidor y la comprobación.

export const text = {
  trustTitle: "Un paso hasta tu micrófono",
  trustLooking: "Un momento…",
  trustUnreachable:
    "El servidor no responde. ¿Sigue este dispositivo en la misma wifi? Esta página lo sigue intentando.",
  trustIos:
    "Un iPhone o iPad te deja hablar aquí en cuanto confía en este servidor. Se tarda un minuto, y solo una vez.",
  trustBrowser:
    "Este servidor está en tu propia red, así que ninguna empresa lo ha certificado. Tu navegador te avisará; aquí es lo normal.",
  trustPageOnly:
    "Ya casi está: este dispositivo abre la página, pero aún no la conexión de voz. Para eso hace falta activar el certificado de abajo.",
  trustOwnCertificate:
    "Este dispositivo no confía en el certificado del servidor. Pregunta a quien lo administra para qué dirección vale.",
  trustGoOn: "Pulsa «Continuar».",
  trustAdvanced: "En el aviso, pulsa «Avanzado» o «Configuración avanzada».",
  trustProceed: "Pulsa «Acceder» o «Aceptar el riesgo».",
  goOn: "Continuar",
  trustForGood: "Confiar siempre en este servidor",
  trustCompare:
    "Esta es la huella digital del certificado. Compárala con la de la pantalla del ordenador donde funciona esto: solo si es la misma viene de verdad de allí y no de otra persona en esta red.",
  trustDownload: "Descargar el certificado",
  iosDownload: "Pulsa «Descargar el certificado» abajo y luego «Permitir».",
  iosInstall: "Abre «Ajustes», pulsa «Perfil descargado» y luego «Instalar».",
  iosTrust: "En «Ajustes», «General», «Información», «Ajustes de confianza de certificados»: actívalo.",
  androidDownload: "Pulsa «Descargar el certificado» abajo.",
  androidInstall: "Abre «Ajustes», busca «certificado de CA», púlsalo y luego «Instalar de todos modos».",
  androidChoose: "Elige streamer-ca.crt y vuelve aquí.",
  desktopInstall:
    "Instala el archivo como autoridad de certificación en los ajustes del navegador o del sistema y vuelve aquí.",

  checkTitle: "Probar este dispositivo",
  checkIntro: "Se tarda medio minuto, y oirás pitidos. El anfitrión puede leer el resultado.",
  checkStart: "Empezar la prueba",
  checkAgain: "Probar otra vez",
  checkBack: "Ir a la sala",
  checkWaiting: "en espera",
  checkRunning: "probando…",
  checkPasses: "bien",
  checkFails: "necesita ayuda",
  checkUnknown: "no se sabe",
  checkReady: "Todo listo",
  checkReadyBut: "Listo, con una salvedad",
  checkNotYet: "Todavía no",
  checkHeardAfter: "Te oirán al cabo de unos {ms} ms, como si estuvieras a {metres} m.",
  checkTold: "El anfitrión puede leer el resultado.",
  checkNotTold: "No se ha podido enviar el resultado.",
  checkTooLong: "No ha habido respuesta a tiempo: prueba otra vez.",
  checkBroke: "Esto no se ha podido probar: {message}",
  checkSecure: "Dirección segura",
  checkMicrophone: "Micrófono",
  checkSpeak: "Permite el micrófono y di algo.",
  checkMicrophoneHears: "Te oye: {db} dB como máximo.",
  checkMicrophoneSoft: "Oye algo, pero ninguna voz ({db} dB como máximo): prueba otra vez y habla.",
  checkMicrophoneSilent: "No oye nada: comprueba que no esté apagado ni tapado y que sea el elegido.",
  checkLoudspeaker: "Altavoz",
  checkChirps: "Deberías oír pitidos.",
  checkStandsStill: "El navegador no reproduce nada: pulsa otra vez el botón.",
  checkLoudspeakerHeard: "El micrófono lo oye.",
  checkLoudspeakerUnheard: "El micrófono no lo oye: con auriculares es lo correcto; si no, sube el altavoz.",
  checkLoudspeakerAlone: "Solo un micrófono puede saberlo, y no hay ninguno.",
  checkEchoName: "Sin eco",
  checkNoEcho: "Lo que suena por el altavoz no vuelve por el micrófono.",
  checkEcho:
    "Lo que suena por el altavoz vuelve a {db} dB, así que los demás se oirían a sí mismos: usa auriculares.",
  checkEchoUnknown: "El micrófono no oye el altavoz, así que no hay nada que quitar.",
  checkCodecName: "Este dispositivo",
  checkCodec: "Es lo bastante rápido: 10 ms de sonido tardan {ms} ms.",
  checkCodecSlow:
    "10 ms de sonido tardan {ms} ms, demasiado: cierra otras aplicaciones o usa otro dispositivo.",
  checkSocket: "Conexión",
  checkSocketOpen: "Está abierta.",
  checkBlocked:
    "Este dispositivo la rechaza porque no confía en el servidor: sigue los pasos del enlace del anfitrión.",
  checkUnreachable:
    "No se puede conectar con el servidor: comprueba que este dispositivo esté en la misma red.",
  checkNetwork: "Red",
  checkNeedsSocket: "No hay conexión que medir.",
  checkUnanswered: "Faltan respuestas: acércate al router.",
  checkRoundTrip: "Ida y vuelta al servidor en {half} ms, con una variación de {jitter} ms.",
  checkSlow: "La ida y vuelta al servidor tarda {half} ms: acércate al router o usa una red menos saturada.",
  checkJitter:
    "Ida y vuelta al servidor en {half} ms, pero con una variación de {jitter} ms: acércate al router.",
};
