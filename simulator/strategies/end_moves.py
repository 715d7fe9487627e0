"""What may happen around the end of the caller's turn: guesses, scores, and the drafts that are made for it."""

from hypothesis import strategies as st

from fsm.events import EndOfTurnScored, ReplyFailed, Stage, ToolCall, ToolsRequested, TurnLikelyEnded, TurnResumed
from fsm.units import ms_to_ns
from simulator.strategies.moves import has_draft, move
from simulator.strategies.telling import Telling


class EndMoves(Telling):
    """Rules of a `ChartMachine`."""

    _tools: int

    # --- guesses and scores ----------------------------------------------------------------------------------

    @move(
        TurnLikelyEnded,
        says_more=st.booleans(),
        begins_anew=st.booleans(),
        confidence_percent=st.sampled_from([0, 50, 100]),
    )
    def the_transcriber_guesses_an_end(self, says_more: bool, begins_anew: bool, confidence_percent: int) -> None:
        """Of a turn that began with ours; or later, after one that it had ended already."""
        said = self.state.utterance
        known = said.interim if begins_anew else said.words
        self.feed(TurnLikelyEnded(f"{known} and so on".strip() if says_more else known, confidence_percent))

    @move(TurnResumed)
    def the_transcriber_takes_its_guess_back(self) -> None:
        self.feed(TurnResumed())

    @move(EndOfTurnScored, probability_percent=st.integers(0, 100), ago_ms=st.integers(0, 500))
    def a_model_scores_the_silence(self, probability_percent: int, ago_ms: int) -> None:
        self.feed(EndOfTurnScored(probability_percent, max(0, self.now - ms_to_ns(ago_ms))))

    # --- drafts ----------------------------------------------------------------------------------------------

    @move(None, has_draft, words=st.integers(1, 12), share=st.sampled_from([0.0, 0.5, 1.0]), is_all=st.booleans())
    def a_draft_is_prepared(self, words: int, share: float, is_all: bool) -> None:
        """More of its text, some of its sound, perhaps its end: nobody hears of it."""
        draft = self.shell.draft
        assert draft is not None
        first = len(draft.said)
        draft.said += [f"reply{draft.number}word{index}" for index in range(first, first + words)]
        draft.voiced += int(draft.owed * share)
        draft.is_asking, draft.is_closed = not is_all, is_all

    @move(None, has_draft)
    def a_draft_asks_for_a_tool(self) -> None:
        draft = self.shell.draft
        assert draft is not None
        draft.is_asking, draft.awaits_tools = False, True
        call = ToolCall(f"call{self._tools}", "book", "{}")
        self._tools += 1
        self.shell.keep(ToolsRequested(draft.number, (call,), " ".join(draft.said)))

    @move(None, has_draft, retryable=st.booleans())
    def a_draft_fails(self, retryable: bool) -> None:
        draft = self.shell.draft
        assert draft is not None
        draft.is_asking = False
        self.shell.keep(ReplyFailed(draft.number, Stage.MODEL, "closed", retryable))
