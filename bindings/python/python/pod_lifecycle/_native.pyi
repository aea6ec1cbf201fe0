"""
Functions of the bindings.
"""

from typing import SupportsFloat, SupportsIndex, final

__all__ = ["Simulation", "ask"]

@final
class Simulation:
    """
    A running simulation of one Pod. Times are seconds since its start.
    """
    def __new__(cls, /, scenario: str, options: str) -> Simulation:
        """
        Starts the simulation of a scenario, in JSON.
        """
    def act(self, /, action: str) -> None:
        """
        Performs an action, in JSON, at the present time.
        """
    def advance(self, /, seconds: SupportsFloat | SupportsIndex) -> None:
        """
        Advances by seconds, or to the end of the script if that comes first.
        """
    def advance_to(self, /, seconds: SupportsFloat | SupportsIndex) -> None:
        """
        Advances up to and including a time, or to the end of the script if that comes first.
        """
    def ask(self, /, what: str) -> str:
        """
        Returns `moment`, `pod` or `timeline` as JSON.
        """
    @property
    def is_finished(self, /) -> bool:
        """
        True if the kubelet is done with the Pod.
        """
    @property
    def next(self, /) -> float | None:
        """
        Time of the next event; `None` once the Pod is finished or the script has ended.
        """
    @property
    def now(self, /) -> float:
        """
        Present time.
        """
    def picture(self, /, format: str, width: SupportsIndex | None = None) -> str:
        """
        Draws the life so far; the width is in px or columns.
        """
    def step(self, /) -> float | None:
        """
        Advances to the next event, and returns its time; `None` once there is none.
        """

def ask(function: str, input: str, options: str) -> str:
    """
    Answers a question: a function's name, JSON, and options in JSON; returns JSON.
    """
