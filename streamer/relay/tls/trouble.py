"""Something about certificates, files or clock that the relay's host should know, with its remedy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """`what` is half a sentence, `remedy` whole ones; `works` where the certificate can be used meanwhile."""

    what: str
    remedy: str
    works: bool = False

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}"
