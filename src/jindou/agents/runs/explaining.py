"""Why a run is where it is, and what would move it on, in plain words."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from jindou.agents.runs.control import failed_step
from jindou.agents.runs.queries import as_run
from jindou.agents.runs.remarks import Scene, remarks
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
    "undo": (
        ("It was to undo {undoes}, and has ended: {told}", "此运行用于撤销 {undoes}，已结束：{told}"),
        ("Nothing is left to do.", "无需操作。"),
    ),
    "void": (
        ("It was approved, and refused all the same: {rules_en}", "虽经批准，仍被拒绝：{rules_zh}"),
        (
            "Ask for it again: whoever decides is shown how it is now.",
            "请重新提出：审批人会看到当前的情况。",
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
    "tool_failed": (
        ("It failed at step {n} ({title_en}): {error}", "在第 {n} 步（{title_zh}）失败：{error}"),
        (
            "Ask again with that put right; `jindou runs retry {run}` does the step again just as it was.",
            "请更正后重新提出；`jindou runs retry {run}` 会原样重做这一步。",
        ),
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
            "May decide: {deciders_en}, by `jindou approvals decide {approval}`. Undecided, it expires then.",
            "可审批：{deciders_zh}（`jindou approvals decide {approval}`）。逾期未决则失效。",
        ),
    ),
    "nobody": (
        (
            "Step {n} ({title_en}) waits until {until} for somebody who may approve it, and nobody may: {rules_en}",
            "第 {n} 步（{title_zh}）在 {until} 前等待审批，但目前无人有权审批：{rules_zh}",
        ),
        (
            "Give somebody the right to decide, or stop the run. Undecided, it expires then.",
            "请授予某人审批权，或停止此运行。逾期未决则失效。",
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
            "Nothing, as long as one runs: `jindou up` has some, or else `jindou worker` beside it.",
            "有执行线程即自动继续：`jindou up` 自带，否则须另有 `jindou worker` 在运行。",
        ),
    ),
    "stopping": (
        ("{person} asked for its end, and it is about to stop.", "{person} 已要求停止，即将结束。"),
        ("Nothing: it stops within two seconds.", "无需操作，两秒内停止。"),
    ),
    "pausing": (
        (
            "It was asked to pause, and is about to; a tool under way ends first.",
            "已要求暂停，即将暂停；进行中的工具会先执行完。",
        ),
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


def explain(scene: Scene, task: Standing | None, now: datetime) -> Explanation:
    """Explain a run; `task` is its place in the queue."""
    run, steps, approvals = scene.run, scene.steps, scene.approvals
    code, step, until = _situation(scene, task, now)
    rules = run.rules or (step.rules if step is not None else [])
    approval = approvals.get(step.id) if step is not None else None
    deciders = approval.deciders if approval else []
    values: dict[str, object] = {
        "run": run.id,
        "undoes": run.undoes,
        "person": run.person_name,
        "error": run.error or (step.response.get("error") if step is not None else "") or "",
        "told": run.answer or run.error or "",
        "approval": approval.id if approval else "",
        "attempts": task.attempts if task else 0,
        "attempt": step.attempt if step is not None else 1,
        "n": step.n if step is not None else len(steps),
        "until": f"{until:%Y-%m-%d %H:%M:%S} UTC" if until else "",
        "deciders_en": ", ".join(deciders),
        "deciders_zh": "、".join(deciders),
        "rules_en": " ".join(rule["reason"]["en"] for rule in rules),
        "rules_zh": "".join(rule["reason"]["zh"] for rule in rules),
    }
    for language in ("en", "zh"):
        values[f"title_{language}"] = step.title.get(language, step.name) if step is not None else ""
    (why_en, why_zh), (next_en, next_zh) = _TEXTS[code]
    more_en, more_zh = remarks(scene)
    return Explanation(
        run_id=run.id,
        status=as_run(run).status,
        code=code,
        why={"en": why_en.format(**values) + more_en, "zh": why_zh.format(**values) + more_zh},
        next={"en": next_en.format(**values), "zh": next_zh.format(**values)},
        until=until,
    )


_Situation = tuple[str, StepRow | None, datetime | None]


def _situation(scene: Scene, task: Standing | None, now: datetime) -> _Situation:
    run, steps = scene.run, scene.steps
    if run.status == "failed":
        return _failure(run, steps)
    if run.finished_at is not None or run.status == "paused":
        return _rest(run), None, None
    if run.cancel_requested:
        return "stopping", None, None
    if run.status == "waiting":
        return _wait(scene)
    if run.status == "queued":
        is_later = task is not None and task.available_at > now
        return ("queued_until", None, task.available_at) if task and is_later else ("queued", None, None)
    return _at_work(run, steps, task, now)


def _rest(run: RunRow) -> str:
    if run.status == "done" and run.undoes is not None:
        return "undo"
    is_void = run.status == "refused" and any(rule["id"] == "jindou.approval-void" for rule in run.rules)
    return "void" if is_void else run.status


def _wait(scene: Scene) -> _Situation:
    for step in scene.steps:
        approval = scene.approvals.get(step.id)
        if step.status == "waiting" and approval is not None and approval.status == "waiting":
            return ("waiting" if approval.deciders else "nobody"), step, approval.expires_at
    return "decided", None, None


def _failure(run: RunRow, steps: Sequence[StepRow]) -> _Situation:
    step = failed_step(steps)
    if step is None:
        return ("limit" if run.rules else "gave_up"), None, None
    if run.error == "workers_lost":
        return "workers_lost", step, None
    if step.response.get("took_effect") == "unknown":
        return "outcome_unknown", step, None
    if run.rules:
        return "limit", step, None
    return ("tool_failed" if step.kind == "tool" and run.undoes is None else "failed"), step, None


def _at_work(run: RunRow, steps: Sequence[StepRow], task: Standing | None, now: datetime) -> _Situation:
    begun = next((step for step in steps if step.status == "started"), None)
    if task is not None and task.lease_until is None and task.available_at > now:
        return "retrying", begun, task.available_at
    if task is not None and task.lease_until is not None and task.lease_until < now:
        return "abandoned", begun, task.lease_until
    if run.pause_requested:
        return "pausing", begun, None
    return (begun.kind if begun is not None else "running"), begun, None
