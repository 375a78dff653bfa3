"""What a person reads as the same name is the same name; and the names in what learning platforms pack."""

import re
import unicodedata
from dataclasses import dataclass

MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?P<what>file|onlinetext)(?:_(?P<file>.*))?")
CANVAS = re.compile(r"(?P<name>[^_]+)_(?:(?P<late>LATE)_)?(?P<id>\d+)_\d+_(?P<file>.+)")
APOSTROPHES = dict.fromkeys(map(ord, "’‘ʼ´`′＇"), "'")


def shown(name: str) -> str:
    """Return a name without what nobody sees: invisible characters, spaces at its ends and in rows."""
    plain = unicodedata.normalize("NFC", name)
    plain = "".join(one for one in plain if unicodedata.category(one) not in ("Cf", "Cc") or one.isspace())
    return " ".join(plain.split()).rstrip(" .") or name


def key(name: str) -> str:
    """Return what two spellings of one name have in common.

    File systems and spreadsheets change how accents are composed, the width of digits, capitals, spaces, dots
    at the end, hyphens, apostrophes, zeros before a number, and put a ' before what looks like a formula.
    """
    plain = unicodedata.normalize("NFKC", shown(name)).casefold().translate(APOSTROPHES)
    plain = re.sub(r"^'(?=[=+\-@])", "", plain)
    plain = "".join("-" if unicodedata.category(one) == "Pd" else one for one in plain)
    plain = unicodedata.normalize("NFKC", shown(plain))
    return (plain.lstrip("0") or "0") if plain.isdecimal() else plain


@dataclass(frozen=True)
class Named:
    """What a file's or folder's name says: whose it is, that student's number, and what it was called."""

    student: str
    number: str = ""
    file: str = ""
    late: bool = False


def read(name: str) -> Named:
    """Read the name of a file or folder, without a notebook's ending, as Moodle and Canvas write it."""
    if found := MOODLE.fullmatch(name):
        return Named(shown(found["name"]), found["id"], found["file"] or "")
    if found := CANVAS.fullmatch(name):
        return Named(shown(found["name"]), found["id"], found["file"], bool(found["late"]))
    return Named(shown(name))
