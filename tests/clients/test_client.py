import pytest

from jindou_client import Client
from jindou_client.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, Unauthenticated, Unreachable

REFUND = "Customer of order SO-10007 got a broken lamp, refund 120."


def test_a_refund_is_asked_for_approved_and_followed_to_its_end(clerk: Client, manager: Client) -> None:
    run = clerk.runs.start(REFUND)
    seen: list[str] = []
    for event in clerk.runs.events(run.id):
        seen.append(event.type)
        if event.approval is not None:
            alone = manager.approvals.get(event.approval.id)
            assert alone.deciders == ["Marta Lindqvist", "周敏"]
            assert manager.approvals.list("waiting") == [alone.model_copy(update={"deciders": []})]
            decided = manager.approvals.decide(event.approval.id, "approve")
            assert (decided.status, decided.decided_by_name) == ("approved", manager.principals.me().name)
    assert seen[0] == "run.started"
    assert seen[-1] == "run.finished"
    assert {"step.started", "step.finished", "approval.requested", "run.waiting", "approval.decided"} < set(seen)
    detail = clerk.runs.get(run.id)
    assert (detail.status, detail.answer) == ("done", "Refunded 120.00 on SO-10007.")
    assert [step.kind for step in detail.journal] == ["model", "tool", "model"]
    assert sum(step.cost.micro for step in detail.journal) == detail.cost.micro > 0


def test_what_happened_is_in_the_conversation_the_bill_and_the_audit_trail(clerk: Client, manager: Client) -> None:
    run = clerk.runs.start(REFUND)
    clerk.runs.cancel(run.id)
    assert list(clerk.runs.events(run.id))[-1].type == "run.finished"
    ended = clerk.runs.get(run.id)
    assert ended.status == "cancelled"
    assert [found.id for found in clerk.runs.list()] == [run.id]
    (conversation,) = clerk.conversations.list()
    assert clerk.conversations.get(run.conversation_id) == conversation
    assert clerk.conversations.runs(conversation.id) == [ended]
    assert manager.usage.statement(days=1).total == ended.cost
    assert run.id in {event.run_id for event in manager.audit.list()}
    assert manager.audit.verify().ok


@pytest.mark.parametrize("given", ["run_\x01", "run?limit=1", "run#1", "../keys", "x/../../me", "名字", "a b"])
def test_what_is_given_for_an_id_leads_nowhere_else(clerk: Client, given: str) -> None:
    with pytest.raises(NotFound):
        clerk.runs.get(given)
    with pytest.raises(NotFound):
        list(clerk.runs.events(given))


def test_a_run_goes_on_in_its_conversation(clerk: Client, manager: Client) -> None:
    first = clerk.runs.start(REFUND)
    with pytest.raises(Conflict) as busy:
        clerk.runs.start("And now?", conversation_id=first.conversation_id)
    assert busy.value.code == "run_busy"
    manager_sees = [approval.run_id for approval in manager.approvals.list()]
    assert manager_sees in ([], [first.id])


def test_events_asked_for_behind_the_end_are_none_at_once(clerk: Client) -> None:
    run = clerk.runs.start(REFUND)
    clerk.runs.cancel(run.id)
    last = list(clerk.runs.events(run.id))[-1].seq
    assert list(clerk.runs.events(run.id, after=last)) == []
    assert [event.seq for event in clerk.runs.events(run.id, after=last - 1)] == [last]


def test_a_refusal_names_its_rule(clerk: Client) -> None:
    with pytest.raises(Forbidden) as refused:
        clerk.audit.list()
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
    assert refused.value.rules == ("jindou.default-deny",)


def test_nobody_approves_a_request_of_their_own(clerk: Client) -> None:
    run = clerk.runs.start(REFUND)
    asked = next(event.approval for event in clerk.runs.events(run.id) if event.approval)
    with pytest.raises(Forbidden) as refused:
        clerk.approvals.decide(asked.id)
    assert refused.value.rules == ("jindou.no-self-approval",)
    assert refused.value.reasons["zh"].startswith("任何人都不能审批")
    assert refused.value.reasons["en"] == refused.value.message


def test_input_that_breaks_a_rule_names_its_field(clerk: Client, manager: Client) -> None:
    with pytest.raises(Invalid) as empty:
        clerk.runs.start("  ")
    assert empty.value.field == "message"
    with pytest.raises(Invalid) as long:
        clerk.runs.start("x" * 20_000)
    assert long.value.field == "message"
    with pytest.raises(TooLarge):
        clerk.runs.start("x" * 1_000_001)
    run = clerk.runs.start(REFUND)
    asked = next(event.approval for event in clerk.runs.events(run.id) if event.approval)
    with pytest.raises(Invalid) as unexplained:
        manager.approvals.decide(asked.id, "deny")
    assert unexplained.value.field == "reason"


def test_what_is_not_there_is_not_found(clerk: Client, operator: Client) -> None:
    with pytest.raises(NotFound):
        clerk.runs.get("run_nope")
    with pytest.raises(NotFound):
        next(clerk.runs.events("run_nope"))
    with pytest.raises(NotFound):
        operator.sessions.open("nobody")


def test_a_session_ends_when_it_is_closed(clerk: Client) -> None:
    clerk.sessions.close()
    with pytest.raises(Unauthenticated):
        clerk.runs.list()


def test_only_the_operator_opens_sessions_and_resets_the_demo(clerk: Client, operator: Client) -> None:
    for refused in (lambda: clerk.sessions.open("manager"), lambda: clerk.sessions.sign_in_link("manager")):
        with pytest.raises(Forbidden) as error:
            refused()
        assert error.value.rules == ("jindou.local-operator",)
    with pytest.raises(Forbidden):
        clerk.reset_demo()
    assert operator.sessions.sign_in_link("clerk").person.handle == "clerk"
    assert operator.reset_demo().packs.keys() == {"ecommerce"}


def test_the_status_needs_no_token(operator: Client) -> None:
    with Client(operator.url) as anybody:
        assert anybody.status().engine.state == "ready"
        with pytest.raises(Unauthenticated):
            anybody.assistants.list()


def test_a_server_that_is_not_there_is_named() -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable, match=r"127\.0\.0\.1:9 does not answer"):
        client.status()


def test_a_proxy_of_the_environment_gets_nothing_that_stays_on_this_machine(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Client(operator.url) as client:
        assert client.status().version
