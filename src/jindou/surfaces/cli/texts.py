"""What the terminal says to an employee, in both languages."""

from collections.abc import Mapping

from jindou.surfaces.cli.complaints import complaint
from jindou.surfaces.cli.vocabulary import COLUMNS, VALUES

__all__ = ["TEXTS", "Words"]

TEXTS: Mapping[str, Mapping[str, str]] = {
    "status.queued": {"en": "queued", "zh": "排队中"},
    "status.running": {"en": "running", "zh": "进行中"},
    "status.started": {"en": "under way", "zh": "进行中"},
    "status.waiting": {"en": "waits for approval", "zh": "等待审批"},
    "status.done": {"en": "done", "zh": "完成"},
    "status.refused": {"en": "refused", "zh": "被拒绝"},
    "status.failed": {"en": "failed", "zh": "失败"},
    "status.cancelled": {"en": "cancelled", "zh": "已取消"},
    "status.approved": {"en": "approved", "zh": "已批准"},
    "status.denied": {"en": "denied", "zh": "已驳回"},
    "status.undecided": {"en": "not decided", "zh": "未处理"},
    "status.expired": {"en": "expired", "zh": "已过期"},
    "status.withdrawn": {"en": "withdrawn", "zh": "已撤回"},
    "status.paused": {"en": "paused", "zh": "已暂停"},
    "status.interrupted": {"en": "broken off", "zh": "已中断"},
    "status.superseded": {"en": "counts no more", "zh": "已作废"},
    "took_effect.yes": {"en": "It took effect.", "zh": "已生效。"},
    "took_effect.no": {"en": "Nothing was changed.", "zh": "没有任何更改。"},
    "took_effect.unknown": {"en": "Whether it took effect is not known.", "zh": "是否生效尚不清楚。"},
    "control.pause": {"en": "{name} asked it to pause.", "zh": "{name} 要求暂停。"},
    "control.resume": {"en": "{name} had it go on.", "zh": "{name} 让其继续。"},
    "control.cancel": {"en": "{name} stopped it.", "zh": "{name} 将其停止。"},
    "control.retry": {"en": "{name} had it tried again.", "zh": "{name} 要求重试。"},
    "limit.steps": {"en": "steps", "zh": "步骤"},
    "limit.tokens": {"en": "tokens", "zh": "词元"},
    "limit.cost": {"en": "cost", "zh": "费用"},
    "limit.seconds": {"en": "seconds at work", "zh": "工作秒数"},
    "run.limit": {"en": "  {what}: {used} of {most}", "zh": "  {what}：{used} / {most}"},
    "run.told": {"en": "→ {name}: {message}", "zh": "→ {name}：{message}"},
    "rule": {"en": "Rule {id}: {reason}", "zh": "规则 {id}：{reason}"},
    "attempt": {"en": "attempt {n}", "zh": "第 {n} 次尝试"},
    "approval.until": {"en": "Somebody who may decide it has until {time}:", "zh": "有审批权的人须在 {time} 前决定："},
    "approval.decided": {"en": "{status} by {name}", "zh": "{name}：{status}"},
    "approval.for": {"en": "{name} for {owner}", "zh": "{name}（代 {owner}）"},
    "run.undone_by": {"en": "↩ Undone by {run}", "zh": "↩ 已由 {run} 撤销"},
    "approval.asks": {"en": "{name} asks: {message}", "zh": "{name} 的请求：{message}"},
    "approval.cost": {"en": "The run has cost {cost} so far.", "zh": "本次运行目前花费 {cost}。"},
    "approval.estimate": {
        "en": "The rest may cost {cost} at most, mostly far less.",
        "zh": "剩余部分最多花费 {cost}，通常远低于此。",
    },
    "approval.votes": {
        "en": "{votes} of {needed} have approved{names}.",
        "zh": "已有 {votes}/{needed} 人批准{names}。",
    },
    "approval.edited": {"en": "{name} changed the call; asked was {asked}", "zh": "{name} 修改了此调用；原为 {asked}"},
    "now.changed": {"en": "changed since it was asked", "zh": "提出之后有变"},
    "now.moved": {"en": "changed since it was asked; look at it", "zh": "提出之后有变；请查看"},
    "now.void": {"en": "changed since it was asked; deny or change it", "zh": "提出之后有变；请驳回或修改"},
    "now.unknown": {"en": "not known whether it is still so", "zh": "未能核实是否仍然如此"},
    "stands.changed": {"en": "! This has changed since it was asked.", "zh": "! 提出之后情况有变。"},
    "stands.moved": {
        "en": "! This has changed since it was asked. Approve it as it is now (--as-now), deny it, or change it.",
        "zh": "! 提出之后情况有变。可按现状批准（--as-now），也可驳回或修改。",
    },
    "stands.void": {
        "en": "! This has changed since it was asked: approving it as it was can only fail. Deny it, or change it.",
        "zh": "! 提出之后情况有变：按原样批准只会失败。请驳回或修改。",
    },
    "stands.unknown": {
        "en": "! Whether it is still so could not be seen.",
        "zh": "! 未能核实情况是否仍然如此。",
    },
    "approval.would": {"en": "As it would be now:", "zh": "现在的更改："},
    "approval.deciders": {"en": "May decide: {names}", "zh": "可审批：{names}"},
    "origin": {"en": "{name}: {origin}", "zh": "{name}：{origin}"},
    "origin.person": {"en": "said by the person", "zh": "来自提问者"},
    "origin.record": {"en": "from the company's own record{step}", "zh": "来自公司自有记录{step}"},
    "origin.tool": {"en": "from a tool's result{step}", "zh": "来自工具结果{step}"},
    "origin.approver": {"en": "set by who approved", "zh": "由审批人填写"},
    "origin.model": {"en": "the model's own", "zh": "由模型自行给出"},
    "origin.step": {"en": ", step {n}", "zh": "，第 {n} 步"},
    "undo.nothing": {"en": "This run has changed nothing.", "zh": "此次运行没有更改任何内容。"},
    "undo.cannot": {"en": "✗ Can't be undone: {name} ({arguments})", "zh": "✗ 无法撤销：{name}（{arguments}）"},
    "undo.can": {"en": "↩ Will be undone: {name} ({arguments})", "zh": "↩ 将撤销：{name}（{arguments}）"},
    "undo.asks": {
        "en": "⏸ Will be undone once it is approved: {name} ({arguments})",
        "zh": "⏸ 经审批后撤销：{name}（{arguments}）",
    },
    "undo.undone": {"en": "✓ Has been undone: {name} ({arguments})", "zh": "✓ 已撤销：{name}（{arguments}）"},
    "run.said": {"en": "{name} asked {assistant}: {message}", "zh": "{name} 向 {assistant} 提出：{message}"},
    "run.goes_on": {"en": "The run goes on. Watch it: {watch}", "zh": "运行仍在继续。查看：{watch}"},
    "run.watch": {"en": "Watch it go on: {watch}", "zh": "查看后续：{watch}"},
    "run.total": {"en": "{status} · {cost} · {time}", "zh": "{status} · {cost} · {time}"},
    "run.no_words": {"en": "Done, without an answer in words.", "zh": "已完成，没有文字答复。"},
    "failure.attempts_exhausted": {
        "en": "It was interrupted too often and has been given up.",
        "zh": "中断次数过多，已放弃。",
    },
    "failure.cost_exhausted": {"en": "It has cost as much as one run may.", "zh": "花费已达到一次运行的上限。"},
    "failure.model_seconds_exhausted": {
        "en": "The model took longer than it may.",
        "zh": "模型用时超过上限。",
    },
    "failure.seconds_exhausted": {
        "en": "It was at work longer than one run may be.",
        "zh": "工作时间超过一次运行的上限。",
    },
    "failure.tokens_exhausted": {
        "en": "It has used as many tokens as one run may.",
        "zh": "词元用量已达到一次运行的上限。",
    },
    "failure.tool_seconds_exhausted": {"en": "A tool took longer than it may.", "zh": "工具用时超过上限。"},
    "failure.workers_lost": {
        "en": "The workers that had it died one after the other, and it has been given up.",
        "zh": "执行它的进程接连崩溃，已放弃。",
    },
    "failure.context_exhausted": {
        "en": "It does not fit the model's context. Begin a new conversation, or ask for less at once.",
        "zh": "超出模型上下文。请新建对话，或减少一次请求的内容。",
    },
    "failure.no_answer": {
        "en": "The model gave no answer. Try to ask in other words.",
        "zh": "模型没有给出答复，请换一种说法。",
    },
    "failure.steps_exhausted": {
        "en": "It took more steps than are allowed. Ask for less at once.",
        "zh": "步骤数超过上限，请把请求拆小一些。",
    },
    "notice.attempt_restarted": {
        "en": "The work was interrupted and has been taken up again.",
        "zh": "工作曾中断，现已继续。",
    },
    "notice.model_restarted": {"en": "The model was restarted; the run goes on.", "zh": "模型已重启，运行继续。"},
    "notice.output_cut": {"en": "The model wrote too much and was cut off.", "zh": "模型输出过长，已被截断。"},
    "notice.rate_limited": {
        "en": "A limit of requests or tokens a minute is reached; the run goes on by itself.",
        "zh": "已达到每分钟的请求或词元上限；运行稍后会自动继续。",
    },
    "notice.declined_call": {
        "en": "The model wanted to call a tool that the request did not ask for; it was not called.",
        "zh": "模型想调用请求并未要求的工具，未予调用。",
    },
    "notice.repaired_call": {
        "en": "The model's call was malformed; it was repaired.",
        "zh": "模型的调用格式有误，已修正。",
    },
    "notice.repeated_call": {
        "en": "The model asked for the same call again; it was not repeated.",
        "zh": "模型重复了同一调用，未再执行。",
    },
    "notice.steps_exhausted": {"en": "The limit of steps was reached.", "zh": "已达到步骤上限。"},
    "notice.unreadable_call": {
        "en": "The model wrote a call that could not be read.",
        "zh": "模型写出的调用无法读取。",
    },
    "span.seconds": {"en": "{seconds} s", "zh": "{seconds} 秒"},
    "span.minutes": {"en": "{minutes} min {seconds} s", "zh": "{minutes} 分 {seconds} 秒"},
    "span.hours": {"en": "{hours} h {minutes} min", "zh": "{hours} 小时 {minutes} 分"},
    "of": {"en": "{used:,} of {most:,}", "zh": "{used:,} / {most:,}"},
    "deleted": {"en": "{id}: deleted", "zh": "{id}：已删除"},
    "minute.requests": {"en": "{used} requests in this minute", "zh": "本分钟请求数：{used}"},
    "minute.tokens": {"en": "{used} tokens in this minute", "zh": "本分钟词元数：{used}"},
    "budget.month": {
        "en": "{month}: spent {spent}, held {held} of {limit}; left {left} until {resets}",
        "zh": "{month}：已用 {spent}，预留 {held}，上限 {limit}；剩余 {left}，{resets} 重置",
    },
    "budget.no_limit": {
        "en": "{month}: spent {spent}, held {held}; no limit a month",
        "zh": "{month}：已用 {spent}，预留 {held}；每月不限",
    },
    "budget.warned": {"en": "Warned of at {share}", "zh": "达到 {share} 时提醒"},
    "budget.not_warned": {"en": "Not warned of", "zh": "不提醒"},
    "bill.total": {
        "en": "Total {total} for {calls} model and tool calls",
        "zh": "合计 {total}，模型与工具调用 {calls} 次",
    },
    "bill.held": {
        "en": "Held at most {held} for calls that are not settled yet: {calls}. `jindou usage unsettled` lists them.",
        "zh": "最多预留 {held}，尚未结算的调用 {calls} 次：`jindou usage unsettled` 可列出。",
    },
    "bill.settled": {"en": "{attempt}: settled for {cost}", "zh": "{attempt}：已按 {cost} 结算"},
    "attempt.open": {"en": "under way", "zh": "进行中"},
    "attempt.unknown": {"en": "unknown", "zh": "未知"},
    "key.keep": {
        "en": "This is {name}. Keep it: it is not shown again.",
        "zh": "这是 {name}。请妥善保存，之后不再显示。",
    },
    "key.client": {
        "en": "For any OpenAI client: base_url {url}/v1, api_key as above.",
        "zh": "用于任何 OpenAI 客户端：base_url 为 {url}/v1，api_key 如上。",
    },
    "key.as": {"en": "as {name}", "zh": "账单名称：{name}"},
    "secret.value": {"en": "Value", "zh": "值"},
    "secret": {"en": "{name}, version {version}, {status}", "zh": "{name}，第 {version} 版，{status}"},
    "method.link": {"en": "link", "zh": "链接"},
    "method.operator": {"en": "operator", "zh": "运维人员"},
    "method.break-glass": {"en": "break-glass", "zh": "应急登录"},
    "method.password": {"en": "password", "zh": "密码"},
    "method.passkey": {"en": "passkey", "zh": "通行密钥"},
    "method.sso": {"en": "sso", "zh": "单点登录"},
    "place.machine": {"en": "this machine", "zh": "本机"},
    "place.private": {"en": "own network", "zh": "内部网络"},
    "place.public": {"en": "internet", "zh": "互联网"},
    "place.unknown": {"en": "unknown", "zh": "未知"},
    "signed_out": {"en": "{person} is signed out {of}.", "zh": "{person} 已退出{of}。"},
    "signed_out.of": {"en": "of {session}", "zh": "会话 {session}"},
    "signed_out.everywhere": {"en": "everywhere", "zh": "所有登录"},
    "reading.of": {
        "en": "{conversation} of {name}, who is shown this reading",
        "zh": "{name} 的对话 {conversation}；本次查看会告知本人",
    },
    "readings.open": {
        "en": "Open: administrators may read them, with a reason.",
        "zh": "已开放：管理员说明理由后可以查看。",
    },
    "readings.closed": {"en": "Closed: nobody reads others'.", "zh": "未开放：没有人查看他人的对话。"},
    "readings.changed": {"en": "Changed by {name} at {at}.", "zh": "由 {name} 于 {at} 更改。"},
    "account.old_password": {"en": "Old password", "zh": "原密码"},
    "account.new_password": {"en": "New password", "zh": "新密码"},
    "account.password": {
        "en": "The password is changed, and every other session has ended.",
        "zh": "密码已更改，其他会话均已结束。",
    },
    "account.second": {"en": "A second factor is required.", "zh": "必须使用第二重验证。"},
    "account.no_second": {"en": "A second factor is not required.", "zh": "不要求第二重验证。"},
    "people.come": {
        "en": "They come in by single sign-on, or by a link: jindou sign-in --as {handle}",
        "zh": "通过单点登录或链接登录：jindou sign-in --as {handle}",
    },
    "decision": {"en": "{verb}: {reason}", "zh": "{verb}：{reason}"},
    "decision.rules": {"en": "rules: {rules}", "zh": "规则：{rules}"},
    "decision.approvers": {"en": "{n} must approve, of: {names}", "zh": "须 {n} 人批准，可审批：{names}"},
    "decision.fails": {"en": "The call would fail: {problem}", "zh": "该调用会失败：{problem}"},
    "decision.may": {"en": "{name} may", "zh": "{name} 的权限"},
    "decision.if": {"en": "; {verb} if {rule}", "zh": "；若 {rule} 则{verb}"},
    "audit.for": {"en": "{actor} for {person}", "zh": "{actor}（代 {person}）"},
    "audit.holds": {
        "en": "The chain holds: {events} events, head {head}.",
        "zh": "链条完整：{events} 条记录，链头 {head}。",
    },
    "audit.broken": {
        "en": "The chain is broken: {findings} findings in {events} events.",
        "zh": "链条已断裂：{events} 条记录中发现 {findings} 处问题。",
    },
    "model.served": {"en": "{name} is served.", "zh": "{name} 已启用。"},
    "model.stopped": {"en": "{name} is not served any more.", "zh": "{name} 已停止服务。"},
    "model.here": {"en": " ({size} of it here)", "zh": "（已有 {size}）"},
    "model.active": {"en": ", {size} active", "zh": "，激活 {size}"},
    "model.tools.own": {"en": "calls tools by itself", "zh": "自身支持工具调用"},
    "model.tools.harness": {"en": "calls tools through the harness", "zh": "由平台辅助调用工具"},
    "model.reasoning.never": {"en": "thinks aloud: never", "zh": "不输出推理过程"},
    "model.reasoning.switchable": {"en": "thinks aloud: switchable", "zh": "可开启推理过程"},
    "model.reasoning.always": {"en": "thinks aloud: always", "zh": "始终输出推理过程"},
    "model.context": {"en": "{tokens:,} tokens, {size:,} bytes each", "zh": "{tokens:,} 个词元，每个 {size:,} 字节"},
    "model.trust.pinned": {"en": "pinned in the catalogue", "zh": "目录中已固定校验值"},
    "model.trust.published": {
        "en": "as published by the hub, recorded at the pull; not pinned",
        "zh": "以模型站公布的校验值为准，下载时记录；未固定",
    },
    "model.trust.own": {"en": "your own file", "zh": "您自己的文件"},
    "model.trust.unknown": {
        "en": "not known yet: taken from the hub at the pull, not pinned",
        "zh": "尚不清楚：下载时由模型站给出，未固定",
    },
    "model.price": {
        "en": "{input} in, {cached} cached, {output} out {currency} a million tokens",
        "zh": "每百万词元 输入 {input} · 缓存 {cached} · 输出 {output} {currency}",
    },
    "model.facts": {"en": "{day}, from {source}", "zh": "{day}，来自 {source}"},
    "model.disk": {"en": "; disk {needed} of {free} free", "zh": "；磁盘 {needed}，可用 {free}"},
    "model.fit": {
        "en": "memory {memory} of {free} free for {slots} × {each:,} tokens{disk}; one slot would hold {most:,}",
        "zh": "{slots} × {each:,} 个词元需内存 {memory}，可用 {free}{disk}；单个槽位最多可容纳 {most:,} 个词元",
    },
    "model.info.model": {"en": "model      {told}", "zh": "模型      {told}"},
    "model.info.size": {"en": "size       {told}", "zh": "规模      {told}"},
    "model.info.licence": {"en": "licence    {told}", "zh": "许可证    {told}"},
    "model.info.context": {"en": "context    {told}", "zh": "上下文    {told}"},
    "model.info.tools": {"en": "tools      {told}", "zh": "工具      {told}"},
    "model.info.state": {"en": "state      {told}", "zh": "状态      {told}"},
    "model.info.sha256": {"en": "sha256     {told}", "zh": "sha256    {told}"},
    "model.info.sources": {"en": "sources    {told}", "zh": "来源      {told}"},
    "model.info.price": {"en": "price      {told}", "zh": "价格      {told}"},
    "model.info.fits": {"en": "fits       {told}", "zh": "适配      {told}"},
    "model.info.facts": {"en": "facts      {told}", "zh": "信息      {told}"},
}


class Words:
    """The texts in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of `key` with `values` filled in."""
        return TEXTS[key][self._language].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """Return the text of `key`, or `otherwise` where a newer server says something unknown."""
        return TEXTS[key][self._language] if key in TEXTS else otherwise

    def columns(self, *names: str) -> tuple[str, ...]:
        """Return what stands over columns."""
        return tuple(name if self._language == "en" else COLUMNS[name] for name in names)

    def value(self, word: str) -> str:
        """Return a word that stands in a column, or itself where a newer server says an unknown one."""
        return word if self._language == "en" else VALUES.get(word, word)

    def complaint(self, code: str, message: str, reasons: Mapping[str, str]) -> str:
        """Return what is said of an error with `code`, which says `message` itself and the rules `reasons`."""
        return reasons.get(self._language) or complaint(self._language, code, message)

    def of(self, text: Mapping[str, str]) -> str:
        """Return a text that the server sent in several languages."""
        return text.get(self._language) or text.get("en", "")
