"""Several relays that are one service, by way of NATS. Nothing here is imported without `streamer serve
--cluster`."""
