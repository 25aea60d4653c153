"""What is wrong with a file that is no YAML, in words that say the way out.

Two stages: octets that are no UTF-8 text are found before the parser sees them, since its own
message has no line; the parser's errors are put into words for people who write zone files.
"""

import re

import yaml

from minidns.zone.faults import fault
from minidns.zone.model import Fault, Mark

# What no YAML text holds, in ASCII and beyond it: YAML 1.1 section 5.1.
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_TEXT_BEYOND = re.compile("[\x80-\x84\x86-\x9f\ufffe\uffff]")
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_TO_BE_QUOTED = "*&@`%!|>"


def find_encoding_fault(file: str, data: bytes) -> Fault | None:
    """The first octet of `data` that no zone file may hold, if there is one."""
    if data.startswith(_UTF16_BOMS):
        message = "the file is UTF-16: save it as UTF-8"
        return fault("encoding", Mark(file, 1, 1), message)
    control = _NOT_TEXT.search(data)
    if control is not None:
        octet = data[control.start()]
        message = (
            f"a control character (0x{octet:02x}): remove it, "
            f'or write it as "\\x{octet:02x}" in double quotes'
        )
        return fault("encoding", _mark_at(file, data, control.start()), message)
    if data.isascii():
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        octet = data[error.start]
        message = f"octet 0x{octet:02x} is not UTF-8 (Latin-1, perhaps): save the file as UTF-8"
        return fault("encoding", _mark_at(file, data, error.start), message)
    found = _NOT_TEXT_BEYOND.search(text)
    if found is not None:
        offset = len(text[: found.start()].encode("utf-8"))
        message = f"character U+{ord(found[0]):04X} is not allowed in YAML: remove it"
        return fault("encoding", _mark_at(file, data, offset), message)
    return None


def explain_syntax_error(file: str, data: bytes, error: yaml.YAMLError) -> Fault:
    """What the parser found wrong in `data`, at its line and column, and what would be right."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return fault("yaml-syntax", Mark(file, 1, 1), str(error))
    at = error.problem_mark
    context = error.context or ""
    problem = error.problem or context
    at_its_start = "alias" in context or "anchor" in context or "directive" in context
    if at_its_start or _is_open_quote(problem, context):
        at = error.context_mark or at
    line = _line_of(data, at.line)
    mark = Mark(file, at.line + 1, at.column + 1)
    if "nesting depth" in problem:  # libyaml has a limit of its own
        return fault("nesting-too-deep", mark, "maps and lists are nested too deep")
    before = line[: at.column] or _line_of(data, at.line - 1)
    hint = _hint(problem, line, before)
    if hint is not None:
        return fault("yaml-syntax", mark, hint)
    return fault("yaml-syntax", mark, _explain(problem, context, error, line, at.column))


def _hint(problem: str, line: str, before: str) -> str | None:
    """The mistake that stands before the place where the parser stopped, where it is plain."""
    if "unexpected ':'" in problem:
        return "a value that holds ':' (an IPv6 address, perhaps): quote it"
    if "expected" not in problem:
        return None
    rest = line[len(before) :]
    if re.search(r"\w'$", before) and rest[:1].isalnum():
        return "a single quote ends the text here: write '' for an apostrophe inside single quotes"
    if re.search(r"[^\s#]\s+#", before):
        return "what follows ' #' in the line above is a comment: quote a value that holds it"
    if re.search(r"\w;\s", before) or (re.search(r"\S \w+$", before) and rest[:1] == ":"):
        return "a comma is missing before this: write {type: A, value: 192.0.2.1}"
    return None


def _is_open_quote(problem: str, context: str) -> bool:
    return "quoted scalar" in context and "end of stream" in problem


def _explain(
    problem: str, context: str, error: yaml.MarkedYAMLError, line: str, column: int
) -> str:
    start = line[column : column + 1]
    if start == "\t":
        return "a tab where YAML expects spaces: indent with spaces"
    if start in _TO_BE_QUOTED and start and ("scanning" in context):
        word = re.split(r":(?: |$)|[\s,\]}]", line[column:], maxsplit=1)[0]
        return f"{start} has a meaning of its own at the start of a value: quote it: '{word}'"
    if "mapping values are not allowed" in problem:
        return "a second ': ' in one line, or a line indented too far: quote the value, or mend it"
    if _is_open_quote(problem, context):
        return "a quote that begins here is not closed"
    if "<document start>" in problem:
        return "this line does not continue what is above it: begin all names in the same column"
    if "sequence entries" in problem:
        return "a list that begins beside its name: begin it in the next line, or write [a, b]"
    opened = error.context_mark
    since = f", in what begins in line {opened.line + 1}" if opened is not None else ""
    if "unknown escape" in problem:
        return (
            'an unknown escape in double quotes: write "\\\\" for a backslash, or use single quotes'
        )
    if "flow mapping" in context:
        return f"expected ',' or '}}'{since}: is a brace not closed?"
    if "flow sequence" in context:
        return f"expected ',' or ']'{since}: is a bracket not closed?"
    if "block" in context:
        return f"this does not fit what is around it{since}: check indentation, braces and quotes"
    if "simple key" in context:
        return f"expected ': ' after a name{since}"
    return f"{problem}{since}: mend the line or quote the value"


def _line_of(data: bytes, number: int) -> str:
    lines = data.decode("utf-8-sig", "replace").splitlines()
    return lines[number] if number < len(lines) else ""


def _mark_at(file: str, data: bytes, offset: int) -> Mark:
    """Line and column, in characters, of an octet."""
    lines = (data[:offset] + b".").decode("utf-8-sig", "replace").splitlines()
    return Mark(file, len(lines), len(lines[-1]))
