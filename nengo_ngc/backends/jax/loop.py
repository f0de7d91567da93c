"""The loop over timesteps, compiled: an inner loop settles, an outer loop learns.

Most numbers of a model are weights and values of optimisers, which change once in a
presentation. They are constants of the inner loop. If they were variables of this loop, or of
a condition within it, they would be copied in each timestep.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ...program.lowering import Program
from .cache import Compiling
from .devices import Devices
from .machine import JaxMachine, of_types

Arrays = dict[str, Any]


class Loop:
    """A compiled simulation of any number of timesteps.

    Parameters
    ----------
    program : Program
    dtype : numpy.dtype
    n_samples : int
    xp : module
    devices : Devices, optional
        The devices of the simulation. Default: JAX's default device.
    """

    def __init__(
        self,
        program: Program,
        dtype: Any,
        n_samples: int,
        xp: Any,
        devices: Devices | None = None,
    ) -> None:
        self._program, self._dtype, self._n, self._xp = program, dtype, n_samples, xp
        self._devices = devices or Devices(n_samples)
        self.errors: list[BaseException] = []
        # if Python raises an error, the simulation goes on from what there was before
        pure = not program.host.is_called
        self.run = Compiling(
            self._run,
            self._devices.all if pure else (),
            donate_argnames=("weights", "state", "probed") if pure else (),
            out_shardings=self._devices.results(program),
        )

    def _machine(self, seed, draws):
        key = jax.random.fold_in(jax.random.key(seed), draws)
        return JaxMachine(self._xp, self._dtype, self._n, key, self.errors)

    def _run(
        self,
        constants: Arrays,
        weights: Arrays,
        state: Arrays,
        held: Arrays,
        series: Arrays,
        rows: Arrays,
        seed: Any,
        draws: Any,
        n_steps: Any,
        probed: Arrays,
    ) -> tuple:
        """Simulate ``n_steps`` timesteps.

        Parameters
        ----------
        constants, weights : dict of {str: array}
            Shared arrays that never change, and shared arrays that rules change.
        state : dict of {str: array}
            Arrays that timesteps change.
        held : dict of {str: (b, size) array}
            Inputs that are the same in all timesteps.
        series : dict of {str: (n, b, size) array}
            Inputs of each timestep, of which there may be more than ``n_steps``.
        rows : dict of {str: (n,) array of int}
            The row of ``probed`` in which each timestep is recorded.
        seed, draws : array of int
            The seed of random numbers, and the number of timesteps for which they were drawn.
        n_steps : array of int
        probed : dict of {str: (k, b, ...) array}

        Returns
        -------
        weights, state, draws, probed
        """
        one = partial(self._timestep, constants, held, series, rows, seed, n_steps)
        first = jax.eval_shape(one, weights, state, draws, probed, jnp.int32(0))
        seen = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), first[1])
        start = (jnp.int32(0), state, seen, draws, probed, jnp.bool(False))

        def settle(weights: Arrays, carry: tuple) -> tuple:
            def body(carry: tuple) -> tuple:
                i, state, _, draws, probed, _ = carry
                return one(weights, state, draws, probed, i)[0]

            return jax.lax.while_loop(lambda c: (c[0] < n_steps) & ~c[-1], body, carry)

        if not self._program.learns:
            i, state, seen, draws, probed, due = settle(weights, start)
            return weights, state, draws, probed

        def present(carry: tuple) -> tuple:
            weights, (i, state, seen, draws, probed, due) = carry
            settled = settle(weights, (i, state, seen, draws, probed, jnp.bool(False)))
            i, state, seen, draws, probed, due = settled
            machine = self._machine(seed, draws)

            def learn(carry: tuple) -> tuple:
                weights = carry[1]
                new = self._program.learn(machine, {**constants, **weights}, state, seen)
                return jnp.bool(False), of_types({k: new[k] for k in weights}, weights)

            # at most once; a condition would copy the weights if no rule is due
            _, weights = jax.lax.while_loop(lambda c: c[0], learn, (due, weights))
            learned = self._program.probed_of_learned(machine, {**constants, **weights}, state)
            probed = self._record(probed, learned, rows, i - 1)
            return weights, (i, state, seen, draws, probed, due)

        weights, (i, state, seen, draws, probed, due) = jax.lax.while_loop(
            lambda c: c[1][0] < n_steps, present, (weights, start)
        )
        return weights, state, draws, probed

    def _timestep(
        self,
        constants,
        held,
        series,
        rows,
        seed,
        n_steps,
        weights,
        state,
        draws,
        probed,
        i,
    ):
        """One timestep; returns the loop's variables, and the values that rules need."""
        program = self._program
        inputs = {name: x[i] for name, x in series.items()}
        machine = self._machine(seed, draws)
        done = program.timestep(
            machine, {**constants, **weights}, state, {**held, **inputs}, n_steps - 1 - i
        )
        after = self._devices.keep(of_types(done.state, state), program.per_sample)
        n = 1 if done.skipped is None else 1 + done.skipped
        recorded = self._record(probed, done.probed, rows, i + n - 1)
        due = jnp.bool(False) if done.due is None else jnp.asarray(done.due)
        return (i + n, after, done.seen, draws + 1, recorded, due), done.seen

    @staticmethod
    def _record(probed, values, rows, i):
        """Return the records with the values of a timestep added."""
        return {
            name: jax.lax.dynamic_update_index_in_dim(
                x, values[name].astype(x.dtype), rows[name][i], 0
            )
            if name in values
            else x
            for name, x in probed.items()
        }
