"""The page as it is served: what a phone has to load before anybody can press Join."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from streamer.relay.page import Asset, read_page

MOST_BYTES = 350 * 1024
LOADS = {
    ".html": r'(?:src|href)="([\w./-]+)"',
    ".js": r'(?:from|import|new URL\(|import\() ?[`"]([\w./${}-]+)[`"]',
    ".mjs": r'(?:from|import) ?"([\w./-]+)"',
}
