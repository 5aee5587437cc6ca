"""What else there is to say of where a run is: of its calls, of who decided about them, and of its undo."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jindou.agents.approvals import Approval
from jindou.agents.runs.tables import RunRow, StepRow

__all__ = ["Scene", "remarks"]

Said = tuple[str, str]
"""A sentence in English and in Chinese."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A run, those of its steps that count, what became of their approvals by step, and the newest undo of it."""

    run: RunRow
    steps: Sequence[StepRow]
    approvals: Mapping[str, Approval]
    undo: RunRow | None = None


_CALLS: Mapping[str, Said] = {
    "denied": (
        "Step {n} ({title_en}) was denied by {by_en}: “{reason}” Nothing was changed by it.",
        "第 {n} 步（{title_zh}）被 {by_zh} 拒绝：“{reason}” 该步没有更改任何内容。",
    ),
    "expired": (
        "Nobody decided about step {n} ({title_en}) in time. Nothing was changed by it.",
        "第 {n} 步（{title_zh}）逾期无人审批，该步没有更改任何内容。",
    ),
    "failed": ("Step {n} ({title_en}) failed: {error}", "第 {n} 步（{title_zh}）失败：{error}"),
    "yes": (
        "Step {n} ({title_en}) was not waited for, and took effect.",
        "运行没有等待第 {n} 步（{title_zh}）结束，但该步已经生效。",
    ),
    "no": (
        "Step {n} ({title_en}) was not waited for, and changed nothing.",
        "运行没有等待第 {n} 步（{title_zh}）结束，该步没有更改任何内容。",
    ),
    "unknown": (
        "Whether step {n} ({title_en}) took effect is not known yet: look before you do it again.",
        "第 {n} 步（{title_zh}）是否已生效尚不清楚：重做之前请先核实。",
    ),
    "asks": (
        "Step {n} ({title_en}) waits for approval until {until} all the same.",
        "第 {n} 步（{title_zh}）仍在等待审批，截止 {until}。",
    ),
    "decided": (
        "The approval of step {n} ({title_en}) is decided meanwhile.",
        "第 {n} 步（{title_zh}）的审批已有结果。",
    ),
}
_UNDO: Mapping[str, Said] = {
    "done": ("It was undone by {undo}: {told}", "已由 {undo} 撤销：{told}"),
    "failed": ("{undo} could not undo all of it: {told}", "{undo} 未能全部撤销：{told}"),
    "refused": ("{undo} was to undo it, and a rule said no.", "{undo} 本应撤销它，但规则不允许。"),
    "cancelled": ("{undo} was undoing it, and was stopped.", "{undo} 在撤销过程中被停止。"),
    "waiting": ("{undo} undoes it, and waits for approval.", "{undo} 正在撤销它，等待审批。"),
    "under way": ("{undo} is undoing it.", "{undo} 正在撤销它。"),
}
_HANDED: Said = ("{name} for {owner}", "{name}（代 {owner}）")
_APPROVED: Said = ("Step {n} ({title_en}) was approved by {by_en}.", "第 {n} 步（{title_zh}）已由 {by_zh} 批准。")
_VOTES: Said = ("{votes} of {needed} have approved: {names}.", "已有 {votes}/{needed} 人批准：{names}。")


def remarks(scene: Scene) -> tuple[str, str]:
    """Return them in English and in Chinese, each with what parts it from what was said before."""
    said = [*_of_calls(scene), *_of_votes(scene), *_of_undo(scene)]
    return "".join(f" {en}" for en, _ in said), "".join(zh for _, zh in said)


def _of_calls(scene: Scene) -> Iterator[Said]:
    for step in scene.steps:
        approval = scene.approvals.get(step.id)
        if approval is not None and approval.status == "approved":
            yield _both(_APPROVED, _values(step, approval))
        key = _key(scene.run, step, approval)
        if key is not None:
            yield _both(_CALLS[key], _values(step, approval))


def _values(step: StepRow, approval: Approval | None) -> dict[str, object]:
    return {
        "n": step.n,
        "title_en": step.title.get("en", step.name),
        "title_zh": step.title.get("zh", step.name),
        "error": step.response.get("error", ""),
        "by_en": ", ".join(approval.deciders_as(_HANDED[0])) if approval else "",
        "by_zh": "、".join(approval.deciders_as(_HANDED[1])) if approval else "",
        "reason": approval.reason if approval else "",
        "until": f"{approval.expires_at:%Y-%m-%d %H:%M:%S} UTC" if approval else "",
    }


def _key(run: RunRow, step: StepRow, approval: Approval | None) -> str | None:
    if step.kind != "tool":
        return None
    if step.status in {"denied", "expired"}:
        return step.status
    if step.response.get("took_effect") is not None and run.finished_at is not None and step.status != "done":
        return str(step.response["took_effect"])
    if step.status == "failed" and run.status == "done":
        return "failed"
    if step.status == "waiting" and run.status == "paused" and approval is not None:
        return "asks" if approval.status == "waiting" else "decided"
    return None


def _of_votes(scene: Scene) -> Iterator[Said]:
    for approval in scene.approvals.values():
        if approval.status == "waiting" and approval.votes:
            names_en, names_zh = (approval.deciders_as(handed) for handed in _HANDED)
            values = {"votes": len(names_en), "needed": approval.needed}
            yield (
                _VOTES[0].format(names=", ".join(names_en), **values),
                _VOTES[1].format(names="、".join(names_zh), **values),
            )


def _of_undo(scene: Scene) -> Iterator[Said]:
    undo = scene.undo
    if undo is not None:
        yield _both(
            _UNDO.get(undo.status, _UNDO["under way"]), {"undo": undo.id, "told": undo.answer or undo.error or ""}
        )


def _both(said: Said, values: Mapping[str, object]) -> Said:
    return said[0].format(**values), said[1].format(**values)
