"""What can go wrong at an engine."""

from jindou.errors import Invalid, Limited, TooLarge, Unavailable

__all__ = ["ContextOverflow", "EngineDied", "EngineLimited", "EngineRefused", "EngineUnavailable"]


class EngineUnavailable(Unavailable):
    """The engine is not ready, and did not become so in time."""

    code = "engine_unavailable"


class EngineDied(Unavailable):
    """The engine ended in the middle of a completion."""

    code = "engine_died"


class EngineLimited(Limited):
    """The engine has had too many requests, and says when to come again."""

    code = "engine_limited"


class EngineRefused(Invalid):
    """The engine can't do what was asked, whoever asks again: a schema that it has no grammar for, for example."""

    code = "engine_refused"


class ContextOverflow(TooLarge):
    """The prompt has more tokens than the context."""

    code = "context_overflow"

    def __init__(self, prompt_tokens: int, context_tokens: int) -> None:
        self.prompt_tokens = prompt_tokens
        self.context_tokens = context_tokens
        over = prompt_tokens - context_tokens
        super().__init__(
            f"The conversation has {prompt_tokens} tokens, {over} over the model's context of {context_tokens}: "
            "start a new conversation or send a shorter message.",
            params={"prompt_tokens": prompt_tokens, "context_tokens": context_tokens, "over": over},
        )
