"""Variables as arguments: one trace of a function serves all variables of a kind.

While the function is traced, a stand-in takes the place of each variable among its arguments. So what the function does
to its argument can be told from what it does to a variable that it knows from elsewhere, and the Graph can be bound to
other variables afterwards: their values are operands of it. Where it matters which variable it is (an optimizer has
slots for it, say), the function is traced for each.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from typing import Any

from headwater.core import nest
from headwater.core.concrete import ConcreteFunction
from headwater.core.context import context
from headwater.core.graph import uid
from headwater.core.signature import Encoder
from headwater.core.tensor import EagerTensor, Reference, Tensor
from headwater.core.variable import Variable

# Variables to which a trace is bound at the same time.
_MOST_BOUND = 64


class Kinds(Encoder):
    """Encodes arguments with variables by kind: dtype, shape, and which of them are the same one."""

    __slots__ = ("variables",)

    def __init__(self, args: Any, kwargs: Any) -> None:
        super().__init__()
        self.variables: list[Variable] = []
        for value in args:
            self.add(value)
        if kwargs:
            self.add(kwargs)

    def _add_object(self, value: Any) -> None:
        if type(value) not in (Variable, StandIn):
            super()._add_object(value)
            return
        places = [i for i, v in enumerate(self.variables) if v is value]
        if not places:
            self.variables.append(value)
        place = places[0] if places else len(self.variables) - 1
        dims = None if value.shape.rank is None else tuple(value.shape)
        self.key.append(("variable", value.dtype, dims, value.trainable, value._cast, place))


class StandIn(Variable):
    """What a function gets in place of a variable while it is traced.

    Attributes:
        is_told_apart: Whether it was asked which variable it is, or for its value at that time.
    """

    def __init__(self, variable: Variable) -> None:
        self.__dict__.update(variable.__dict__)
        self._uid = uid()
        self._tensor = EagerTensor(variable._expose())
        self._exposed = True
        self.is_told_apart = False

    def ref(self) -> Reference:
        self.is_told_apart = True
        return super().ref()

    def _read(self) -> Tensor:
        self.is_told_apart = self.is_told_apart or context.graph is None
        return super()._read()

    def _expose(self) -> Any:
        self.is_told_apart = True
        return super()._expose()


class Template:
    """A trace for stand-ins, and for the variables that it was bound to last.

    Args:
        concrete: The trace.
        stand_ins: The stand-ins, in the order of the variables.
    """

    def __init__(self, concrete: ConcreteFunction, stand_ins: Sequence[StandIn]) -> None:
        self._concrete = concrete
        self._stand_ins = stand_ins
        self._others = concrete.graph.states.keys() - {s._uid for s in stand_ins}
        self._forget: collections.deque[Callable[[], Any]] = collections.deque()
        for stand_in in stand_ins:
            stand_in._tensor = None  # type: ignore[assignment] # nobody reads it any more

    def bound_to(self, variables: Sequence[Variable], forget: Callable[[], Any]) -> ConcreteFunction | None:
        """The trace for these variables; None if the function knows one of them from elsewhere too.

        Args:
            variables: As many as there are stand-ins.
            forget: Called when this trace need not be kept any more.
        """
        if any(v._uid in self._others for v in variables):
            return None
        self._forget.append(forget)
        if len(self._forget) > _MOST_BOUND:
            self._forget.popleft()()
        return self._concrete.bound_to({s._uid: v for s, v in zip(self._stand_ins, variables, strict=True)})


def replaced(structure: Any, variables: Sequence[Variable], stand_ins: Sequence[StandIn]) -> Any:
    """Arguments with stand-ins in place of variables."""
    by_uid = {v._uid: s for v, s in zip(variables, stand_ins, strict=True)}
    return nest.map_structure(lambda x: by_uid.get(x._uid, x) if type(x) is Variable else x, structure)
