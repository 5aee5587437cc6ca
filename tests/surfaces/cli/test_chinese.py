"""What an employee reads in the terminal in Chinese."""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

Run = Callable[..., Any]
ENGLISH = re.compile(r"(?<![\w./:@-])[a-z]{3,}(?![\w./:@-])")
"""A word that stands alone: no name of a command, a model or a person."""


@pytest.mark.parametrize(
    ("words", "headings"),
    [
        (("runs", "list"), "运行 开始时间 状态 步骤 费用 请求"),
        (("approvals", "list"), "审批 状态 申请人 内容 截止 变更"),
        (("conversations", "list"), "对话 更新时间 助手 标题"),
        (("readings", "list"), "查看 时间 查看人 对话 理由"),
        (("assistants", "list"), "助手 标题 工具数 说明"),
        (("keys", "list"), "密钥 开头 状态 到期 最近使用 模型 用途 助手 名称"),
        (("secrets", "list"), "凭据 名称 归属 版本 状态 更改时间 更改人 最近使用"),
        (("sessions", "list"), "会话 登录方式 来自 开始时间 最近使用 程序"),
        (("account", "show"), "人员 用户名 名称 密码设置于 验证器启用于 恢复码 通行密钥"),
        (("budgets", "list"), "预算 适用对象 每月上限 已用 预留 剩余 提醒线 请求/分 词元/分 名称"),
        (("principals", "list"), "人员 名称 角色 ID 职位"),
        (("audit", "list"), "事件 时间 执行者 操作 对象 结果 规则"),
        (("models", "list"), "模型 类型 规模 量化 文件 内存 本机 状态"),
        (("policy", "rights", "clerk"), "助手 工具 clerk 的权限"),
    ],
)
def test_the_headings_of_a_table_are_chinese(here: Run, words: tuple[str, ...], headings: str) -> None:
    assert here(*words, "--language", "zh").out.splitlines()[0].split() == headings.split()


def test_a_key_a_budget_and_a_bill_are_told_in_chinese(here: Run) -> None:
    chinese = ("--language", "zh")
    made = here("keys", "create", "ci", "--days", "3", "--scope", "completions", *chinese)
    assert "请妥善保存，之后不再显示。" in made.err
    assert not ENGLISH.findall(made.err.splitlines()[0])
    assert "有效" in here("keys", "list", *chinese).out
    assert "调用模型" in here("keys", "list", *chinese).out
    budget = here("budgets", "create", "--person", "warehouse", "--monthly", "5", "--tpm", "100", *chinese).out
    assert re.search(r"已用 0\.00 CNY，预留 0\.00 CNY，上限 5\.00 CNY；剩余 5\.00 CNY，.* 重置", budget)
    assert "本分钟词元数：0 / 100" in budget
    bill = here("bill", *chinese).out
    assert "合计" in bill
    assert "按计费项" in bill


def test_who_reads_chinese_is_told_so_without_asking_for_it(here: Run) -> None:
    assert here("runs", "list", "--as", "warehouse").out.startswith("运行")
    assert here("runs", "list", "--as", "warehouse", "--language", "en").out.startswith("run")


def test_a_run_took_so_long_in_chinese(here: Run) -> None:
    run_id = here("ask", "--as", "clerk", "hello", "--json").json["id"]
    shown = here("runs", "show", run_id, "--language", "zh").out
    assert re.search(r"完成 · [\d.]+ CNY · [\d.]+ 秒", shown)
    assert "向 售后助手 提出：hello" in shown


def test_a_model_is_described_in_chinese(here: Run) -> None:
    told = here("models", "info", "qwen2.5-coder-0.5b", "--language", "zh").out
    assert "个词元" in told
    assert "每百万词元" in told
    assert not re.search(r"tokens|memory|cached", told)


def test_what_goes_wrong_is_told_in_chinese_in_one_line(here: Run) -> None:
    approval = here("ask", "--as", "clerk", "refund 120 for SO-10007", "--json").json["journal"][-1]["approval_id"]
    decide = ("approvals", "decide", approval)
    chinese = ("--language", "zh")
    for words, code, told in (
        ((*decide, "--deny"), 2, "驳回需要理由（--reason），提出人会看到。"),
        ((*decide, "--approve", "--deny"), 2, "请使用 --approve，或 --deny --reason '…'，二者选一。"),
        (("approvals", "decide", "--approve"), 2, "请指定审批，或用 --all-like 指定其中一个。"),
        ((*decide, "--approve", "--change", "amount"), 2, "应写作 NAME=VALUE：amount"),
        (("approvals", "decide", "apr_0", "--approve"), 6, "找不到：There is no such approval."),
        ((*decide, "--as", "clerk", "--approve"), 5, r"[^a-z]+ \[jindou.no-self-approval\]"),
        (("sessions", "revoke"), 2, "请指定一个会话，或使用 --all。"),
    ):
        ended = here(*words, *chinese)
        assert (ended.code, ended.out) == (code, "")
        assert re.fullmatch(f"错误：{told}\n", ended.err), ended.err
    assert here(*decide, "--approve").code == 0
    again = here(*decide, "--approve", *chinese)
    assert (again.code, again.err.startswith("错误：此请求已不能再审批")) == (7, True)
    many = here("approvals", "decide", approval, approval, "--approve", "--all-like", approval, *chinese)
    assert "错误" in many.err or "此请求已不能再审批" in many.out


def test_an_error_is_in_the_language_of_who_signed_in_and_of_nobody_before(here: Run) -> None:
    assert here("runs", "show", "run_0", "--as", "warehouse").err.startswith("错误：找不到：")
    assert here("runs", "show", "run_0", "--as", "warehouse", "--language=en").err.startswith("Error: There is no")
    assert here("runs", "show", "run_0").err.startswith("Error: There is no")


def test_where_nothing_runs_is_told_in_the_language_that_is_asked_for_or_set(
    jindou: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ("--home", str(tmp_path))
    told = f"错误：Jindou 未在此运行（目录 {tmp_path}）。请用 `jindou up` 启动。\n"
    assert jindou("runs", "list", "--language", "zh", *home).err == told
    assert jindou("runs", "list", *home).err.startswith("Error: Jindou is not running here")
    monkeypatch.setenv("JINDOU_LANGUAGE", "zh")
    assert jindou("runs", "list", *home).err == told


@pytest.mark.parametrize(
    ("words", "english", "chinese"),
    [
        (("runs", "show"), "Missing argument 'RUN'.", "缺少 RUN。"),
        (("runs", "frob"), "No such command 'frob'.", "没有命令 frob。"),
        (("runs", "list", "--hom"), "No such option: --hom", "没有选项 --hom"),
        (("runs", "list", "x"), "Got unexpected extra argument(s) (x)", "多余的参数：x。"),
        (("runs", "list", "--limit"), "Option '--limit' requires an argument.", "选项 --limit 需要一个值。"),
        (("runs", "list", "--limit", "x"), "Invalid value for '--limit': must be a whole number", "须为整数。"),
        (("keys", "create", "x", "--days", "0"), "Invalid value for '--days': must be 1 or more", "不得小于 1。"),
        (("approvals", "list", "--status", "x"), "Invalid value for '--status': 'x' is not one of", "不在可选值"),
        (
            ("approvals", "list", "--status", "it's"),
            "Invalid value for '--status': 'it's' is not one of",
            "“it's” 不在",
        ),
    ],
)
def test_a_command_that_is_put_wrongly_is_told_how_it_is_put(
    jindou: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], english: str, chinese: str
) -> None:
    ended = jindou(*words)
    assert (ended.code, ended.out) == (2, "")
    assert f"Error: {english}" in ended.err
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    ended = jindou(*words)
    assert (ended.code, ended.out) == (2, "")
    told = ended.err.splitlines()[-1]
    assert told.startswith("错误：")
    assert chinese in told
    assert not re.search(r"Usage|Try|Error|Input should", ended.err)


def test_a_prompt_is_in_the_language_of_who_is_asked(here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def prompt(label: str, **_: object) -> str:
        asked.append(label)
        return "x"

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(typer, "prompt", prompt)
    here("account", "password", "--language", "zh")
    here("secrets", "put", "a", "--language", "zh")
    here("account", "password")
    assert asked == ["原密码", "新密码", "值", "Old password", "New password"]


def test_an_error_before_anybody_is_signed_in_is_in_the_language_that_is_asked_for_or_set(
    here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = ("approvals", "decide", "x", "--approve", "--deny", "--as", "warehouse")
    assert here(*decide).err.startswith("Error: Say either")
    assert here(*decide, "--language", "zh").err.startswith("错误：请使用")
    monkeypatch.setenv("JINDOU_LANGUAGE", "zh")
    assert here(*decide).err.startswith("错误：请使用")


def test_an_error_of_an_operators_command_is_in_the_language_that_is_set(
    jindou: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators = ("webhooks", "list", "--home", str(tmp_path))
    assert jindou(*operators).err.startswith("Error: Jindou is not running here")
    monkeypatch.setenv("JINDOU_LANGUAGE", "zh")
    assert jindou(*operators).err.startswith("错误：Jindou 未在此运行")


def test_a_home_that_can_not_be_is_told_in_one_line(
    jindou: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for home in ("~nosuchuser/x", "rel"):
        ended = jindou("status", "--home", home)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert ended.err.startswith(f"Error: Setting `home` is {home}, but ")


def test_a_run_that_has_not_failed_is_told_where_it_goes_on(here: Run) -> None:
    run_id = here("ask", "--as", "clerk", "hello", "--json").json["id"]
    told = here("runs", "retry", run_id, "--as", "clerk", "--language", "zh")
    assert (told.code, told.err) == (7, "错误：此次运行无法重试（并未失败，或对话已继续）；可从其中某一步另起分支。\n")


def test_what_lines_are_missing_on_stdin_is_told_as_a_list(here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\n")))
    told = here("account", "password", "--language", "zh")
    assert told.err == "错误：标准输入须有 2 行 UTF-8 文本：原密码、新密码。\n"
