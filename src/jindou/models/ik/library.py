"""What we use of ik_llama.cpp's C interface, by the ctypes of its wheel. It is loaded in the child process only.

Nothing here is safe for two threads at a time: one thread owns a `Library` for its whole life.
"""

import ctypes
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = ["Aborted", "Library", "Row"]

_PIECE_BYTES: Final = 512


class Aborted(Exception):
    """The batch under way was given up."""


class Row(NamedTuple):
    """One token of a batch: where it goes, and whether what follows it is wanted."""

    token: int
    position: int
    slot: int
    wanted: bool


class Library:
    """A model with a context of its own for each of several conversations.

    One context for all of them would read a batch of all at once, but then, on processors without AVX-VNNI, one
    conversation changes what another reads (version 0.1.5).
    """

    def __init__(self, path: str, *, context_tokens: int, slots: int, threads: int, batch: int) -> None:
        self._c: Any = importlib.import_module("ik_llama_cpp._ctypes_api")
        self._np: Any = importlib.import_module("numpy")
        lib: Any = importlib.import_module("ik_llama_cpp._lib_loader").load_shared_library()
        self._lib = lib
        self._declare(lib)
        self._c.llama_backend_init()
        self._model = self._c.llama_model_load_from_file(path.encode(), self._c.llama_model_default_params())
        if not self._model:
            raise OSError(f"{path} can't be loaded")
        params = self._c.llama_context_default_params()
        params.n_ctx = context_tokens
        params.n_batch = params.n_ubatch = batch
        params.n_seq_max = 1
        params.n_threads = params.n_threads_batch = threads
        # Its flash attention ends the process on processors without AVX-VNNI.
        params.flash_attn = False
        self._contexts = [self._c.llama_init_from_model(self._model, params) for _ in range(slots)]
        if not all(self._contexts):
            raise MemoryError(f"No {slots} contexts of {context_tokens} tokens can be made")
        self._last = 0
        self._vocabulary = self._c.llama_model_get_vocab(self._model)
        self._size = self._c.llama_vocab_n_tokens(self._vocabulary)
        self._batch = self._c.llama_batch_init(batch, 0, 1)
        self._abort: Any = None
        self._aborted = False
        self.piece_of = self._pieces()
        text: bytes | None = lib.llama_model_chat_template(self._model, None)
        self.template = text.decode() if text else ""

    def on_abort(self, should_stop: Callable[[], bool]) -> None:
        """Have `should_stop` asked many times within a batch; if it says so, `decode` raises `Aborted`."""

        def ask(_: object) -> bool:
            self._aborted = self._aborted or should_stop()
            return self._aborted

        # It is kept: the library holds only its address.
        self._abort = self._c.ggml_abort_callback(ask)
        for context in self._contexts:
            self._lib.llama_set_abort_callback(context, self._abort, None)

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a text, in which the markers of the chat format count as such."""
        raw = text.encode()
        most = len(raw) + 8
        buffer = (ctypes.c_int32 * most)()
        count = self._c.llama_tokenize(self._model, raw, len(raw), buffer, most, True, True)  # noqa: FBT003 - C
        return list(buffer[:count])

    def ends(self, token: int) -> bool:
        """Say whether a token ends an answer."""
        return bool(self._c.llama_token_is_eog(self._model, token))

    def decode(self, rows: Sequence[Row]) -> None:
        """Read a batch of one slot.

        Raises:
            Aborted: it was given up in the middle.
            RuntimeError: the cache has no room for it.
        """
        batch = self._batch
        batch.n_tokens = len(rows)
        for at, row in enumerate(rows):
            batch.token[at], batch.pos[at] = row.token, row.position
            batch.n_seq_id[at], batch.seq_id[at][0] = 1, 0
            batch.logits[at] = row.wanted
        self._aborted = False
        self._last = rows[0].slot
        code = self._c.llama_decode(self._contexts[self._last], batch)
        # The library does not say by its answer that a batch was given up.
        if self._aborted:
            raise Aborted
        if code:
            raise RuntimeError(f"llama_decode answered {code}")

    def logits(self, at: int) -> Any:
        """Return the scores of every token behind row `at` of the last batch, as an array that may be written to.

        Raises:
            RuntimeError: they are no numbers.
        """
        pointer = self._c.llama_get_logits_ith(self._contexts[self._last], at)
        scores = self._np.ctypeslib.as_array(pointer, (self._size,)).copy()
        if not self._np.isfinite(scores).all():
            raise RuntimeError("the model's scores are no numbers")
        return scores

    def cut(self, slot: int, position: int) -> bool:
        """Forget a slot's tokens from `position` on; False where the model can only forget all of them."""
        return bool(self._lib.llama_kv_cache_seq_rm(self._contexts[slot], 0, position, -1))

    def save(self, slot: int, path: Path, tokens: Sequence[int]) -> int:
        """Write what a slot has read to a file; return its bytes."""
        raw = (ctypes.c_int32 * len(tokens))(*tokens)
        written: int = self._lib.llama_state_seq_save_file(
            self._contexts[slot], str(path).encode(), 0, raw, len(tokens)
        )
        return written

    def restore(self, slot: int, path: Path, most: int) -> list[int]:
        """Read what a slot had read from a file; return its tokens, none if it is of another model."""
        raw, count = (ctypes.c_int32 * most)(), ctypes.c_size_t()
        read = self._lib.llama_state_seq_load_file(
            self._contexts[slot], str(path).encode(), 0, raw, most, ctypes.byref(count)
        )
        return list(raw[: count.value]) if read else []

    def vocabulary(self) -> tuple[list[bytes], list[int], int]:
        """Return every token's bytes, the numbers of those that are no text, and the one that ends an answer."""
        plain = [self.piece_of(token) for token in range(self._size)]
        marks = [token for token, raw in enumerate(plain) if not raw]
        end = next((token for token in marks if self.ends(token)), marks[-1] if marks else 0)
        return plain, marks, end

    def _pieces(self) -> Callable[[int], bytes]:
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)

        def piece(token: int) -> bytes:
            length = self._c.llama_token_to_piece(self._model, token, buffer, _PIECE_BYTES, 0, False)  # noqa: FBT003 - C
            return buffer.raw[: max(length, 0)]

        return piece

    def _declare(self, lib: Any) -> None:
        """Say the types of what the wheel does not declare itself, as in its `llama.h`."""
        pointer, number, size = ctypes.c_void_p, ctypes.c_int32, ctypes.c_size_t
        for name, result, arguments in (
            ("llama_set_abort_callback", None, [pointer, self._c.ggml_abort_callback, pointer]),
            ("llama_kv_cache_seq_rm", ctypes.c_bool, [pointer, number, number, number]),
            ("llama_state_seq_save_file", size, [pointer, ctypes.c_char_p, number, pointer, size]),
            ("llama_state_seq_load_file", size, [pointer, ctypes.c_char_p, number, pointer, size, pointer]),
            ("llama_model_chat_template", ctypes.c_char_p, [pointer, ctypes.c_char_p]),
        ):
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
