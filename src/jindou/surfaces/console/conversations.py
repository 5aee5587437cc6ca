"""Talking with an assistant."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from jindou.agents.assistants import Assistant
from jindou.agents.conversations import Conversation
from jindou.agents.runs import RunDetail
from jindou.db import Work
from jindou.identity.principals import Principal
from jindou.surfaces.console.islands import run_state
from jindou.surfaces.console.languages import language_of
from jindou.surfaces.console.pages import fragment, page
from jindou.surfaces.console.texts import Texts, texts_in
from jindou.surfaces.door import platform_of, reading, signed_in

__all__ = ["router"]

router = APIRouter()

_EXAMPLES = 4


@router.get("/")
def new_conversation(request: Request, assistant: str = "") -> Response:
    """Show an empty conversation."""
    who = signed_in(request)
    with reading(request) as work:
        return _show(request, work, who, _assistant(request, assistant), None)


@router.get("/c")
def list_conversations(request: Request, current: str = "") -> Response:
    """Show one's past conversations, for the side of the page."""
    who = signed_in(request)
    with reading(request) as work:
        conversations = platform_of(request).conversations.list_conversations(work, who)
    return fragment(request, "parts/history.html", who=who, conversations=conversations, current=current)


@router.get("/c/{conversation_id}")
def show_conversation(request: Request, conversation_id: str) -> Response:
    """Show a conversation; what goes on in it goes on before one's eyes."""
    who = signed_in(request)
    with reading(request) as work:
        conversation = platform_of(request).conversations.get(work, who, conversation_id)
        return _show(request, work, who, _assistant(request, conversation.assistant), conversation)


def _show(
    request: Request, work: Work, who: Principal, assistant: Assistant | None, conversation: Conversation | None
) -> Response:
    services = platform_of(request)
    runs = services.runs.of_conversation(work, who, conversation.id) if conversation else []
    texts = texts_in(language_of(request, who))
    return page(
        request,
        "conversations.html",
        who=who,
        waiting=services.approvals.count_waiting(work, who),
        section="conversations",
        conversations=services.conversations.list_conversations(work, who),
        current=conversation.id if conversation else "",
        title=conversation.title if conversation else texts("chat.new"),
        assistant=assistant,
        examples=_examples(assistant, who, texts) if assistant else [],
        state=_state(request, work, who, assistant, conversation, runs, texts),
    )


def _state(
    request: Request,
    work: Work,
    who: Principal,
    assistant: Assistant | None,
    conversation: Conversation | None,
    runs: list[RunDetail],
    texts: Texts,
) -> dict[str, object]:
    return {
        "language": texts.language,
        "texts": texts.live(),
        "assistant": assistant.slug if assistant else "",
        "name": texts.pick(assistant.title) if assistant else "",
        "conversation": conversation.id if conversation else None,
        "runs": [run_state(platform_of(request).approvals, work, who, run) for run in runs],
    }


def _assistant(request: Request, slug: str) -> Assistant | None:
    """Return the assistant of `slug`, or the first one there is."""
    assistants = platform_of(request).assistants.list_assistants()
    return next(
        (assistant for assistant in assistants if assistant.slug == slug), assistants[0] if assistants else None
    )


def _examples(assistant: Assistant, who: Principal, texts: Texts) -> list[str]:
    """Return requests that fit the person's role, in their language; any others where the role has none."""
    fitting = [example for example in assistant.examples if example.role in who.roles]
    return [texts.pick(example.text) for example in fitting or assistant.examples][:_EXAMPLES]
