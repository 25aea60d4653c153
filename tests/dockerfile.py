"""What the Dockerfile says."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def dockerfile() -> list[tuple[str, str]]:
    """Instructions and their arguments, in order; continued lines joined."""
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.split("\n"))]


def arguments_of(word: str) -> list[str]:
    return [rest for instruction, rest in dockerfile() if instruction == word]
