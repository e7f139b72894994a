"""The view of a radiograph from its tags: every source is asked, and where two disagree the view stays unknown.

Sources in the order in which they are asked: View Position, View Code Sequence (codes of CID 4010 and 4014, DICOM
PS3.16), Patient Orientation (PS3.3, C.7.6.1.1.1), words of the series and protocol, the user's table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What View Position may say (PS3.3, C.8.7.1 for CR, C.8.11.7 for MG), and what a source can tell apart.
POSITIONS = {
    "AP": "ap", "PA": "pa", "LL": "lateral", "RL": "lateral", "LATERAL": "lateral", "LAT": "lateral",
    "CC": "cc", "MLO": "mlo", "ML": "ml", "LM": "lm", "LMO": "lmo", "XCCL": "xccl",
}  # fmt: skip
CODES = {
    "399348003": {"ap"}, "R-10206": {"ap"},
    "272479007": {"pa"}, "R-40888": {"pa"}, "R-10214": {"pa"},
    "399033003": {"ap", "pa"}, "R-10202": {"ap", "pa"},
    "399067008": {"lateral"}, "399173006": {"lateral"}, "399198007": {"lateral"},
    "R-102CD": {"lateral"}, "R-10236": {"lateral"}, "R-10232": {"lateral"},
    "399162004": {"cc"}, "R-10242": {"cc"},
    "399368009": {"mlo"}, "R-10226": {"mlo"},
    "399260004": {"ml"}, "R-10224": {"ml"},
    "399352003": {"lm"}, "R-10228": {"lm"},
}  # fmt: skip
_WORDS = {
    "ap": "ap", "pa": "pa", "frontal": "frontal", "lat": "lateral", "lateral": "lateral", "seitlich": "lateral",
    "cc": "cc", "mlo": "mlo",
}  # fmt: skip
_TEXTS = ("SeriesDescription", "ProtocolName")  # of the study, it describes the order and not the image
_NOT_STATED = ("", "UNKNOWN", "NONE", "UNSPECIFIED")
_FRONTAL = frozenset({"ap", "pa"})
_OTHER = "other"  # a view that is named and is none of ours: an oblique one, a decubitus
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class View:
    """A view in the study's words, or `unknown`; `evidence` names the sources and what each says."""

    name: str
    evidence: str

    @property
    def known(self) -> bool:
        """Whether the sources agree on one view."""
        return self.name != UNKNOWN


def find_view(facts: Mapping[str, Any], table: str | None, rename: Mapping[str, str], words: Mapping[str, str]) -> View:
    """Return the view of an image.

    facts : of its header; table : what the user's table says; rename : our word to the study's (`{pa: ap}`); words :
    further words of series descriptions to our words (`{seite: lateral}`).
    """
    said: dict[str, frozenset[str]] = {}
    own = {word.lower(): view for word, view in words.items()}
    if table is not None:
        table = POSITIONS.get(table.upper(), table)
        if table == "frontal":  # the user does not tell AP and PA apart
            rename = {"ap": "frontal", "pa": "frontal", **rename}
    for source, possible in _sources(facts, {**_WORDS, **own}):
        if possible:
            said[source] = frozenset(rename.get(each, each) for each in possible)
    if table is not None:
        said["table"] = frozenset({rename.get(table, table)})
    if not said:
        return View(UNKNOWN, "no source names a view")
    evidence = ", ".join(f"{source}: {' or '.join(sorted(possible))}" for source, possible in said.items())
    common = frozenset.intersection(*said.values())
    return View(min(common), evidence) if len(common) == 1 and _OTHER not in common else View(UNKNOWN, evidence)


def _sources(facts: Mapping[str, Any], words: Mapping[str, str]) -> list[tuple[str, frozenset[str]]]:
    position, code = str(facts.get("ViewPosition", "")).strip().upper(), str(facts.get("ViewCode", ""))
    return [
        ("ViewPosition", frozenset(() if position in _NOT_STATED else {POSITIONS.get(position, _OTHER)})),
        ("ViewCodeSequence", frozenset(CODES.get(code, {_OTHER}) if code else ())),
        ("PatientOrientation", _of_orientation(facts)),
        *((text, _of_text(str(facts.get(text, "")), words)) for text in _TEXTS),
    ]


def _of_orientation(facts: Mapping[str, Any]) -> frozenset[str]:
    """Rows of a frontal view run left or right, those of a lateral one to the front or back."""
    if facts.get("Modality") == "MG":  # in the breast, rows run front to back in every view
        return frozenset()
    row = str(facts.get("PatientOrientation", "")).split("\\")[0].upper()
    if row[:1] in ("L", "R"):
        return _FRONTAL
    return frozenset({"lateral"}) if row[:1] in ("A", "P") else frozenset()


def _of_text(text: str, words: Mapping[str, str]) -> frozenset[str]:
    """Return the view that a text names; a text that names several ("L-SPINE AP/LAT") says nothing."""
    found = {words[word] for word in re.split(r"[\W_\d]+", text.lower().replace(".", "")) if word in words}
    if found <= {*_FRONTAL, "frontal"} and "frontal" in found:
        found = found - {"frontal"} or set(_FRONTAL)
        return frozenset(found)
    return frozenset(found) if len(found) == 1 else frozenset()
