"""What a test measures, for who reads the summary of a run: on a busy machine it decides nothing."""

import os


def measured(what: str, seconds: float) -> None:
    line = f"{seconds:5.2f} s  {what}"
    print(line)
    if path := os.environ.get("STREAMER_TEST_SUMMARY"):
        with open(path, "a", encoding="utf-8") as file:
            print(line, file=file)
