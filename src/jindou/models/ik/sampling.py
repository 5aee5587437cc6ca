"""Which token comes next: the order of llama.cpp's samplers, on the scores of one row."""

import importlib
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Sampler", "Sampling", "likeliest"]

_TOP_K: Final = 40
_MIN_P: Final = 0.05
_MEMORY: Final = 64


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to choose. A `temperature` of 0 takes the likeliest."""

    temperature: float = 0.8
    top_p: float = 0.95
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    seed: int = 0


class Sampler:
    """Chooses one token after the other for one answer, within a grammar if there is one."""

    def __init__(self, sampling: Sampling, grammar: Any) -> None:
        self._np: Any = importlib.import_module("numpy")
        self._how = sampling
        self._grammar = grammar
        self._random: Any = self._np.random.default_rng(sampling.seed)
        self._said: list[int] = []

    def choose(self, scores: Any) -> int:
        """Return the next token. `scores` is written to.

        Raises:
            RuntimeError: the grammar allows none.
        """
        self._penalise(scores)
        if self._grammar is not None:
            mask = self._np.frombuffer(self._grammar.compute_logit_bias(), dtype=self._np.uint8)
            scores[: len(mask)][mask == 0] = -self._np.inf
        token = self._pick(scores, self._best(scores, 1 if self._how.temperature <= 0 else _TOP_K))
        if self._grammar is not None and not self._grammar.consume_token(token):
            raise RuntimeError(self._grammar.get_error() or "the grammar allows no token")
        self._said.append(token)
        return token

    def _penalise(self, scores: Any) -> None:
        if not (self._how.presence_penalty or self._how.frequency_penalty):
            return
        for token, times in Counter(self._said[-_MEMORY:]).items():
            scores[token] -= self._how.presence_penalty + times * self._how.frequency_penalty

    def _best(self, scores: Any, most: int) -> Any:
        np = self._np
        if most == 1:
            return np.array([scores.argmax()], dtype=np.int32)
        tokens = np.argpartition(-scores, most - 1)[:most]
        return tokens[np.argsort(-scores[tokens], kind="stable")].astype(np.int32)

    def _pick(self, scores: Any, tokens: Any) -> int:
        if self._how.temperature <= 0 or len(tokens) == 1:
            return int(tokens[0])
        np = self._np
        weights = np.exp((scores[tokens] - scores[tokens[0]]).astype(np.float64))
        kept = (weights >= _MIN_P) & (np.cumsum(weights) - weights < self._how.top_p * weights.sum())
        spread = weights[kept] ** (1 / self._how.temperature)
        return int(self._random.choice(tokens[kept], p=spread / spread.sum()))


def likeliest(scores: Any, token: int, most: int) -> tuple[float, list[tuple[int, float]]]:
    """Return the logarithm of the chance of `token`, and then `most` of the likeliest tokens, each with its own."""
    np: Any = importlib.import_module("numpy")
    top = np.argpartition(-scores, most - 1)[:most]
    top = top[np.argsort(-scores[top], kind="stable")]
    highest = float(scores[top[0]])
    total = highest + float(np.log(np.exp(scores - highest, dtype=np.float64).sum()))
    return float(scores[token]) - total, [(int(other), float(scores[other]) - total) for other in top]
