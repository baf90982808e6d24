"""Gated recurrent units over many sequences at once, with inputs that were multiplied before.

The parameters are those of `torch.nn.GRU` (gates r, z, n; Cho et al., EMNLP 2014), which multiplies every input for every
sequence that holds it. Windows of neighbouring frames share their inputs, so that one product a frame is enough here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class GRUWeights:
    """One layer and direction: of_input (3 H, C), of_state (3 H, H), input_bias and state_bias (3 H)."""
    of_input: Tensor
    of_state: Tensor
    input_bias: Tensor
    state_bias: Tensor

    @staticmethod
    def of_layer(gru: nn.GRU, layer: int, is_reversed: bool = False) -> GRUWeights:
        """Return the weights of a layer of a `torch.nn.GRU`, in one direction."""
        suffix = f"_l{layer}{'_reverse' if is_reversed else ''}"
        return GRUWeights(*(getattr(gru, name + suffix) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))

    def project(self, inputs: Tensor) -> Tensor:
        """Return the products (..., 3 H) of inputs (..., C), as `run` takes them."""
        return inputs @ self.of_input.T + self.input_bias

    def run(self, projected: Sequence[Tensor]) -> list[Tensor]:
        """Return the states (N, H) after each step, from the products (N, 3 H) of every step's inputs and a state of zero."""
        state = projected[0].new_zeros(len(projected[0]), self.of_state.shape[1])
        states = []
        for step in projected:
            reset, update, new = step.chunk(3, dim=1)
            from_state = torch.addmm(self.state_bias, state, self.of_state.T)
            reset_state, update_state, new_state = from_state.chunk(3, dim=1)
            update = torch.sigmoid(update + update_state)
            new = torch.tanh(new + torch.sigmoid(reset + reset_state) * new_state)
            state = new + update * (state - new)
            states.append(state)
        return states
