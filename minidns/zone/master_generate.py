"""What `$GENERATE` stands for: its range, and a template with the counter in it.

It is BIND's directive, no RFC's (BIND 9 Administrator Reference Manual, "BIND Primary File
Extension: the $GENERATE Directive"); NSD and Knot lack it. Knows no record.
"""

import re

MAX_WIDTH = 127  # characters; BIND's buffer has 128

_RANGE = re.compile(r"(\d{1,10})-(\d{1,10})(?:/(\d{1,10}))?", re.ASCII)
_PLACE = re.compile(
    r"(\\.)|\$(?:(\$)|\{([+-]?\d{1,10})(?:,(\d{1,3})(?:,([doxXnN]))?)?\}|(\{))?",
    re.ASCII | re.DOTALL,
)


class BadGenerate(ValueError):
    """A `$GENERATE` that has no meaning; str() says what would be right."""


def read_range(text: str) -> range:
    """The numbers that `1-254` or `0-255/16` counts. Raises BadGenerate."""
    match = _RANGE.fullmatch(text)
    if match is None:
        raise BadGenerate(f"'{text}' is no range: write START-STOP or START-STOP/STEP, as 1-254")
    start, stop, step = (int(part or 1) for part in match.groups())
    if start > stop or step == 0:
        raise BadGenerate(f"'{text}' counts nothing: START is at most STOP, and STEP at least 1")
    return range(start, stop + 1, step)


def substitute(template: str, counter: int) -> str:
    """The template with the counter for each `$` and `${OFFSET,WIDTH,BASE}`.

    `$$` is a dollar sign; what a backslash precedes is left as it is. Raises BadGenerate.
    """

    def replace(match: re.Match[str]) -> str:
        escaped, dollar, offset, width, base, unreadable = match.groups()
        if unreadable:
            raise BadGenerate(
                "after '${' come OFFSET, WIDTH and BASE, as in ${0}, ${0,3} or ${0,2,x}; "
                "BASE is one of d o x X n N"
            )
        if escaped or dollar:
            return escaped or dollar
        return _format(counter + int(offset or 0), int(width or 0), base or "d")

    return _PLACE.sub(replace, template)


def unquote(template: str) -> str:
    r"""A template that stood in quotes: it is data in itself, where `\"` is a quote."""
    return re.sub(r"\\(.)", lambda match: '"' if match[1] == '"' else match[0], template)


def _format(value: int, width: int, base: str) -> str:
    if width > MAX_WIDTH:
        raise BadGenerate(f"a width of {width}: at most {MAX_WIDTH}")
    if base == "d":
        return format(value, f"0{width}d")
    if value < 0:
        raise BadGenerate(f"the counter with its OFFSET is {value}: only base d can show it")
    if base in "nN":
        return _nibbles(format(value, "x" if base == "n" else "X"), width)
    return format(value, f"0{width}{base}")


def _nibbles(digits: str, width: int) -> str:
    """The digits as labels, the last one first; the width counts the dots, too."""
    text = ".".join(digits[::-1])
    while len(text) < width:
        text += "." if text[-1] != "." else "0"
    return text
