"""A command that was put wrongly: how it is put, and what was wrong with it, in the reader's language."""

import re
from typing import Any, Final

__all__ = ["misuse"]

_SAID: Final = (
    (
        r"No such option: (?P<name>\S+)(?: \(Possible options: (?P<like>.*)\)| Did you mean (?P<one>\S+?)\?)?",
        "没有选项 {name}{like}",
    ),
    (r"No such command '(?P<name>.*?)'\.(?: .*)?", "没有命令 {name}"),
    (r"Missing (?:argument|option|parameter) '(?P<name>[^']*)'\.(?: .*)?", "缺少 {name}"),
    (r"Missing command\.", "缺少命令"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((?P<name>.*)\)", "多余的参数：{name}"),
    (r"Option '(?P<name>[^']*)' requires an argument\.", "选项 {name} 需要一个值"),
    (r"Option '(?P<name>[^']*)' does not take a value\.", "选项 {name} 不带值"),
    (r"Invalid value for '(?P<name>[^']*)': (?P<why>.*)", "{name} 的值无效：{why}"),
)
"""What the library of the commands says, and the same in Chinese."""

_WHY: Final = (
    (r"Input should be a valid integer.*", "must be a whole number", "须为整数"),
    (r"Input should be a valid number.*", "must be a number", "须为数字"),
    (r"Input should be greater than or equal to (\S+)", r"must be \1 or more", r"不得小于 \1"),
    (r"Input should be less than or equal to (\S+)", r"must be \1 or less", r"不得大于 \1"),
    (
        r"Value error, (?:'(.*)'|\"(.*)\") is not one of (.*)\.",
        r"'\1\2' is not one of \3",
        r"“\1\2” 不在可选值 \3 之中",
    ),
    (r"Value error, (.*)", r"\1", r"\1"),
)
"""What it says of a value, and the same in plain words."""


def misuse(error: Any, language: str) -> str:
    """Return the lines about an `error` of the library of the commands, which knows how the command is put."""
    chinese = language == "zh"
    lines: list[str] = []
    if error.ctx is not None:
        usage = error.ctx.get_usage().removeprefix("Usage: ")
        help_ = f"{error.ctx.command_path} --help"
        lines = (
            [f"用法：{usage}", f"帮助：{help_}", ""] if chinese else [f"Usage: {usage}", f"Try '{help_}' for help.", ""]
        )
    said = _plain(error.format_message(), chinese=chinese)
    return "\n".join([*lines, f"错误：{said}。" if chinese else f"Error: {said}"])


def _plain(said: str, *, chinese: bool) -> str:
    """Return the error in plain words; what is not known here says itself."""
    said = " ".join(said.split())
    before, colon, why = said.partition("': ")
    if before.startswith("Invalid value for") and colon:
        for pattern, english, in_chinese in _WHY:
            if found := re.fullmatch(pattern, why):
                said = f"{before}{colon}{found.expand(in_chinese if chinese else english)}"
                break
    if chinese:
        for pattern, form in _SAID:
            if found := re.fullmatch(pattern, said):
                parts = {name: value or "" for name, value in found.groupdict().items()}
                like = parts.get("like") or parts.get("one")
                return form.format_map(parts | {"like": f"（是否想用 {like}）" if like else ""})
    return said
