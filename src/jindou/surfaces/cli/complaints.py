"""What went wrong, in Chinese, by the code of the error; in English an error says it itself."""

from collections.abc import Mapping

from jindou.surfaces.problems import PROBLEMS

__all__ = ["ERRORS", "KINDS", "complaint"]

ERRORS: Mapping[str, str] = {
    "approval_changed": "参数已被他人修改，请查看后再决定。",
    "approval_decided": "此请求已不能再审批：已被处理、已过期，或您的审批权已用过。",
    "approval_void": "提出之后情况有变，按原样批准只会失败。请查看现状后再决定（--as-now）。",
    "budget_exceeded": "预算不足，未执行。`jindou budgets list` 可查看上限。",
    "changes_one": "--change 和 --as-now 只能用于一个审批。",
    "either_decision": "请使用 --approve，或 --deny --reason '…'，二者选一。",
    "must_enrol": "贵组织要求第二重验证：请先在 /account 页面设置。",
    "no_approvals": "请指定审批，或用 --all-like 指定其中一个。",
    "no_change": "应写作 NAME=VALUE：{change}",
    "no_reason": "驳回需要理由（--reason），提出人会看到。",
    "not_running": "Jindou 未在此运行（目录 {home}）。请用 `jindou up` 启动。",
    "nothing_to_retry": "此次运行无法重试（并未失败，或对话已继续）；可从其中某一步另起分支。",
    "nothing_to_undo": "此次运行没有可以撤销的更改。",
    "nothing_waits": "没有同类的调用在等待审批。",
    "one_session": "请指定一个会话，或使用 --all。",
    "outcome_unknown": "失败的步骤是否生效尚不清楚。请核实后用 --confirm 重试。",
    "password_weak": "新密码不符合要求：须为 12–256 个字符的文本，不能只重复少数字符，也不能由常见词或您的姓名组成。",
    "password_wrong": "密码不正确。",
    "person_inactive": "此人已停用，不能再以其身份操作。",
    "rate_limited": "超出每分钟的请求数或词元数上限。请待下一分钟再试；若一次调用就已超过上限，等待无济于事。",
    "run_busy": "此对话的上一次运行尚未结束。",
    "run_not_paused": "此次运行没有暂停，无需继续。",
    "run_over": "此次运行已经结束。",
    "secret_exists": "已有同名的凭据；更换内容请用 `jindou secrets rotate`。",
    "sign_in_stale": "此操作需要最近十分钟内验证过身份：请在自己的会话中打开 /account/proof 验证，或重新登录后再试。",
    "starting": "Jindou 正在启动（目录 {home}）。请待 `jindou up` 提示就绪后再试。",
    "stdin_lines": "标准输入须有 {lines} 行 UTF-8 文本：{labels}。",
    "too_many_keys": "密钥数量过多，请先吊销不再使用的密钥。",
    "tool_broken": "向该工具询问会改变什么时，工具出错了。未作任何决定；原因见日志，请联系运维人员。",
    "tool_silent": "该工具未能及时说明会改变什么。未作任何决定；请稍后再试。",
    "value_unreadable": "该值不是 UTF-8 文本。",
}
"""What an employee meets; of the rest `KINDS` says what kind it is, before its own line."""

KINDS: Mapping[str, str] = {
    "Invalid": "输入不符合规则",
    "Unauthenticated": "请先登录",
    "Forbidden": "规则不允许",
    "NotFound": "找不到",
    "Conflict": "当前状态不允许",
    "TooLarge": "内容过大",
    "Unaffordable": "预算不允许",
    "Limited": "请求过多",
    "Unavailable": "暂不可用",
    "Cancelled": "已取消",
    "Corrupt": "数据已损坏",
}

_KINDS_BY_CODE: Mapping[str, str] = {kind.code: kind.__name__ for kind in PROBLEMS}
"""Where an outcome is told, there is no error any more to ask for its kind."""


def complaint(
    language: str, code: str, message: str, kind: str = "", params: Mapping[str, object] | None = None
) -> str:
    """Return the line about an error that says `message` itself, in the language that somebody reads."""
    if language != "zh":
        return message
    if code in ERRORS:
        return ERRORS[code].format_map(params or {})
    kind = kind or _KINDS_BY_CODE.get(code, "")
    return f"{KINDS[kind]}：{message}" if kind in KINDS else message
