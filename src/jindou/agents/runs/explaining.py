"""Why a run is where it is, and what would move it on, in plain words."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from jindou.agents.approvals import Approval
from jindou.agents.runs.control import failed_step
from jindou.agents.runs.fold import counting
from jindou.agents.runs.tables import RunRow, StepRow
from jindou.agents.runs.types import Explanation
from jindou.durable.queue import Standing

__all__ = ["explain"]

_TEXTS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "done": (
        ("It has answered.", "已给出回答。"),
        ("Nothing is left to do; say more in its conversation.", "已完成；可在对话中继续提问。"),
    ),
    "cancelled": (
        ("{person} stopped it.", "{person} 已将其停止。"),
        (
            "It stays stopped. Branch from one of its steps, or ask anew.",
            "它不会再继续。可从某一步建立分支，或重新提问。",
        ),
    ),
    "refused": (
        ("A rule said no: {rules_en}", "规则不允许：{rules_zh}"),
        (
            "Ask for what the rule allows, or have somebody ask who has the right.",
            "请改为规则允许的请求，或由有权限的人提出。",
        ),
    ),
    "limit": (
        ("It has reached a limit: {rules_en}", "已达到上限：{rules_zh}"),
        (
            "Ask for less at once, or have the limit raised and retry the run.",
            "请把任务拆小，或提高上限后重试。",
        ),
    ),
    "failed": (
        ("It failed at step {n} ({title_en}): {error}", "在第 {n} 步（{title_zh}）失败：{error}"),
        ("`jindou runs retry {run}` does that step again.", "`jindou runs retry {run}` 会重做这一步。"),
    ),
    "outcome_unknown": (
        (
            "It failed at step {n} ({title_en}), and nobody knows whether that took effect.",
            "在第 {n} 步（{title_zh}）失败，且不清楚该步是否已生效。",
        ),
        (
            "Look whether it took effect; then `jindou runs retry {run} --confirm` does it again.",
            "请先核实是否已生效，再用 `jindou runs retry {run} --confirm` 重做。",
        ),
    ),
    "workers_lost": (
        (
            "The workers that had it died one after the other, at step {n} ({title_en}); no other run was at work.",
            "执行它的进程接连崩溃，停在第 {n} 步（{title_zh}）；当时没有其他运行。",
        ),
        (
            "Look what that step did, and why it ends its process; then `jindou runs retry {run} --confirm` redoes it.",
            "请先核实该步做了什么、为何使进程崩溃，再用 `jindou runs retry {run} --confirm` 重做。",
        ),
    ),
    "gave_up": (
        ("It failed: {error}", "运行失败：{error}"),
        ("Ask in other words, or branch from one of its steps.", "请换个说法再试，或从某一步建立分支。"),
    ),
    "paused": (
        ("It was paused, and rests without using anything.", "已暂停，不占用任何资源。"),
        ("`jindou runs resume {run}` has it go on.", "`jindou runs resume {run}` 可让它继续。"),
    ),
    "waiting": (
        (
            "Step {n} ({title_en}) waits until {until} for somebody who may approve it: {rules_en}",
            "第 {n} 步（{title_zh}）等待有权审批的人在 {until} 前决定：{rules_zh}",
        ),
        (
            "Somebody else who may decide it: `jindou approvals decide {approval}`. Undecided, it expires then.",
            "由其他有权审批的人决定：`jindou approvals decide {approval}`。逾期未决则失效。",
        ),
    ),
    "decided": (
        ("Its approval is decided, and a worker is about to take it up.", "审批已有结果，即将继续。"),
        ("Nothing: it goes on by itself.", "无需操作，会自动继续。"),
    ),
    "queued_until": (
        ("A limit a minute had no room for its next step.", "每分钟的用量上限已满，下一步需要等待。"),
        ("Nothing: it goes on by itself at {until}.", "无需操作，会在 {until} 自动继续。"),
    ),
    "queued": (
        ("It waits for a free worker.", "正在等待空闲的执行线程。"),
        (
            "Nothing, as long as the server runs: `jindou status` says so.",
            "只要服务在运行即可自动继续：请看 `jindou status`。",
        ),
    ),
    "stopping": (
        ("{person} asked for its end, and it is about to stop.", "{person} 已要求停止，即将结束。"),
        ("Nothing: it stops within two seconds.", "无需操作，两秒内停止。"),
    ),
    "pausing": (
        ("It was asked to pause, and does at the end of its step.", "已要求暂停，将在当前步骤结束时暂停。"),
        ("`jindou runs resume {run}` takes that back.", "`jindou runs resume {run}` 可撤回。"),
    ),
    "abandoned": (
        (
            "The worker that had it has not been heard of since {until}; it was at step {n}.",
            "执行它的线程自 {until} 起没有回应，停在第 {n} 步。",
        ),
        ("Nothing: another worker takes it up where it was.", "无需操作，会由其他线程从断点继续。"),
    ),
    "retrying": (
        (
            "Its last {attempts} attempts ended without progress; it is tried again at {until}.",
            "最近 {attempts} 次尝试没有进展，将在 {until} 再试。",
        ),
        (
            "A model or tool that answers again: `jindou doctor` says what does not.",
            "等待模型或工具恢复：`jindou doctor` 会指出问题。",
        ),
    ),
    "model": (
        ("The model is writing step {n}, attempt {attempt}.", "模型正在进行第 {n} 步（第 {attempt} 次尝试）。"),
        ("Nothing: it goes on when the answer is there.", "无需操作，得到回答后自动继续。"),
    ),
    "compaction": (
        (
            "Its past is too long for the model, which takes notes of it in step {n}, attempt {attempt}.",
            "先前的内容超出模型上下文，模型正在第 {n} 步整理摘要（第 {attempt} 次尝试）。",
        ),
        ("Nothing: it goes on when they are there.", "无需操作，摘要完成后自动继续。"),
    ),
    "tool": (
        ("Step {n} ({title_en}) is under way.", "第 {n} 步（{title_zh}）正在进行。"),
        ("Nothing: it goes on when that has ended.", "无需操作，该步结束后自动继续。"),
    ),
    "running": (
        ("A worker has it and is between two steps.", "正在两步之间。"),
        ("Nothing: it goes on by itself.", "无需操作，会自动继续。"),
    ),
}


def explain(
    run: RunRow, steps: Sequence[StepRow], approvals: Sequence[Approval], task: Standing | None, now: datetime
) -> Explanation:
    """Explain a run; `approvals` are those that its steps wait for, `task` is its place in the queue."""
    steps = counting(steps)
    code, step, until = _situation(run, steps, approvals, task, now)
    rules = run.rules or (step.rules if step is not None else [])
    approval = next((one for one in approvals if step is not None and one.step_id == step.id), None)
    values: dict[str, object] = {
        "run": run.id,
        "person": run.person_name,
        "error": run.error or (step.response.get("error") if step is not None else "") or "",
        "approval": approval.id if approval else "",
        "attempts": task.attempts if task else 0,
        "attempt": step.attempt if step is not None else 1,
        "n": step.n if step is not None else len(steps),
        "until": f"{until:%Y-%m-%d %H:%M:%S} UTC" if until else "",
    }
    for language in ("en", "zh"):
        values[f"rules_{language}"] = " ".join(rule["reason"][language] for rule in rules)
        values[f"title_{language}"] = step.title.get(language, step.name) if step is not None else ""
    why, what_next = ({"en": en.format(**values), "zh": zh.format(**values)} for en, zh in _TEXTS[code])
    return Explanation.model_validate(
        {"run_id": run.id, "status": run.status, "code": code, "why": why, "next": what_next, "until": until}
    )


_Situation = tuple[str, StepRow | None, datetime | None]


def _situation(
    run: RunRow, steps: Sequence[StepRow], approvals: Sequence[Approval], task: Standing | None, now: datetime
) -> _Situation:
    if run.status == "failed":
        return _failure(run, steps)
    if run.finished_at is not None or run.status == "paused":
        return run.status, None, None
    if run.cancel_requested:
        return "stopping", None, None
    if run.status == "waiting":
        return _wait(steps, approvals)
    if run.status == "queued":
        is_later = task is not None and task.available_at > now
        return ("queued_until", None, task.available_at) if task and is_later else ("queued", None, None)
    return _at_work(run, steps, task, now)


def _wait(steps: Sequence[StepRow], approvals: Sequence[Approval]) -> _Situation:
    for approval in approvals:
        if approval.status == "waiting":
            return "waiting", next(step for step in steps if step.id == approval.step_id), approval.expires_at
    return "decided", None, None


def _failure(run: RunRow, steps: Sequence[StepRow]) -> _Situation:
    step = failed_step(steps)
    if step is not None and run.error == "workers_lost":
        return "workers_lost", step, None
    if step is not None and step.response.get("took_effect") == "unknown":
        return "outcome_unknown", step, None
    if run.rules:
        return "limit", step, None
    return ("failed" if step is not None else "gave_up"), step, None


def _at_work(run: RunRow, steps: Sequence[StepRow], task: Standing | None, now: datetime) -> _Situation:
    begun = next((step for step in steps if step.status == "started"), None)
    if task is not None and task.lease_until is None and task.available_at > now:
        return "retrying", begun, task.available_at
    if task is not None and task.lease_until is not None and task.lease_until < now:
        return "abandoned", begun, task.lease_until
    if run.pause_requested:
        return "pausing", begun, None
    return (begun.kind if begun is not None else "running"), begun, None
