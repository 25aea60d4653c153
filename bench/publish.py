"""Results that are quoted: `python -m bench.publish FILE.json` keeps a run under bench/published/.

Written are DATE.json with every single run, DATE.md with the tables, and ratios.svg. A run of
fewer rounds than ROUNDS is not published.
"""

import json
import sys
from pathlib import Path
from typing import Any

from bench import chart, report

ROUNDS = 5  # at least; the median of fewer says little
PUBLISHED = Path(__file__).parent / "published"


class NotFit(ValueError):
    """A run that is not to be quoted."""


def publish(document: dict[str, Any], directory: Path = PUBLISHED) -> list[Path]:
    """Write the three files. Raises NotFit."""
    check_rounds(document["options"]["rounds"])
    directory.mkdir(parents=True, exist_ok=True)
    date = document["machine"]["date"][:10]
    texts = {
        f"{date}.json": json.dumps(document, indent=1) + "\n",
        f"{date}.md": report.document_to_markdown(document),
        "ratios.svg": chart.to_svg(document),
    }
    for name, text in texts.items():
        (directory / name).write_text(text)
    return [directory / name for name in texts]


def check_rounds(rounds: int) -> None:
    """Raises NotFit where a run has, or would have, too few."""
    if rounds < ROUNDS:
        raise NotFit(f"{rounds} rounds are too few to be quoted: measure with --rounds {ROUNDS}")


def main() -> int:
    """Publish the file that is named."""
    if len(sys.argv) != 2:
        print("usage: python -m bench.publish FILE.json", file=sys.stderr)
        return 2
    try:
        for path in publish(json.loads(Path(sys.argv[1]).read_text())):
            print(path)
    except (OSError, ValueError) as fault:
        print(f"not published: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
