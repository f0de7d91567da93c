"""One compiled update of training by gradients."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ...namespace import Array
from ...program.lowering import Program
from ...rules import Optimizer
from ...rules.forms import Form
from .cache import Compiling
from .devices import Devices
from .machine import JaxMachine, of_types
from .namespace import jax_namespace

Arrays = dict[str, Any]


class Update:
    """Presents a minibatch, and changes arrays so that a loss decreases.

    Parameters
    ----------
    program : Program
    dtype : numpy.dtype
    n_samples : int
    n_steps : int
        Number of timesteps in a presentation.
    output : str
        Name of the probe, one of ``program.probes``, whose value at the last timestep the
        losses receive.
    losses : mapping of str to callable
        The loss and other measures, as ``losses.measure`` returns them. The first one is the
        loss that decreases.
    optimizer : Optimizer
    forms : mapping of str to Form
        The forms of arrays of which some entries change alike.
    devices : Devices
        The devices that share the samples. Gradients are summed over them.
    """

    def __init__(
        self,
        program: Program,
        dtype: Any,
        n_samples: int,
        n_steps: int,
        output: str,
        losses: Mapping[str, Callable],
        optimizer: Optimizer,
        forms: Mapping[str, Form],
        devices: Devices,
    ) -> None:
        self._program, self._dtype, self._n_samples = program, dtype, n_samples
        self._n_steps, self._output = n_steps, output
        self._losses, self._optimizer, self._devices = dict(losses), optimizer, devices
        self._forms = forms
        self._xp = jax_namespace(training=True)
        self.errors: list[BaseException] = []
        self.apply = Compiling(
            self._apply,
            () if program.host.is_called else devices.all,
            donate_argnames=("trained", "memory"),
            out_shardings=devices.of_all,
        )

    def _apply(
        self,
        trained: Arrays,
        memory: dict[str, Arrays],
        shared: Arrays,
        state: Arrays,
        held: Arrays,
        series: Arrays,
        y: Array,
        n_updates: Array,
        seed: Array,
    ) -> tuple:
        """Make one update.

        Parameters
        ----------
        trained : dict of {str: array}
            The shared arrays of the program that are trained.
        memory : dict of {str: dict of {str: array}}
            The values that the optimiser keeps for each of them.
        shared, state : dict of {str: array}
            The other shared arrays, and those that timesteps change and all samples share.
            Arrays of each sample start from their initial values.
        held : dict of {str: (b, size) array}
            Inputs that are the same in all timesteps.
        series : dict of {str: (n_steps, b, size) array}
            Inputs of each timestep.
        y : array
            The targets of the losses.
        n_updates : array of int
            Number of updates, including this one.
        seed : array of int
            The seed of random numbers, which differ from update to update.

        Returns
        -------
        trained, memory, shared, state
            The values after the update.
        measured : dict of {str: array}
            The loss and the measures, before the update.
        """

        key = jax.random.fold_in(jax.random.key(seed), n_updates)
        fresh = {**state, **self._at_rest()}

        def loss_of(trained: Arrays) -> tuple:
            output, rest = self._present(trained, shared, fresh, held, series, key)
            measured = {
                name: loss(self._xp, output, y, n_updates)
                for name, loss in self._losses.items()
            }
            return next(iter(measured.values())), (measured, *rest)

        gradients, (measured, shared, after) = jax.grad(loss_of, has_aux=True)(trained)
        for name, gradient in gradients.items():
            before = trained[name]
            if name in self._forms:
                gradient = self._forms[name].tied(self._xp, gradient)
            step, new = self._optimizer.update(self._xp, gradient, memory[name], before)
            memory[name] = dict(new)
            trained[name] = self._optimizer.project(self._xp, before + step)
        return trained, memory, shared, {name: after[name] for name in state}, measured

    def _at_rest(self):
        """The initial values of the arrays of each sample."""
        own, n = self._program.per_sample, self._n_samples
        arrays = {
            name: jnp.broadcast_to(jnp.asarray(array, self._dtype), (n, *array.shape))
            for name, array in self._program.state.items()
            if name in own
        }
        return self._devices.keep(arrays, own)

    def _present(self, trained, shared, state, held, series, key):
        """Simulate one presentation; returns its last output and the new arrays."""
        learned = self._program.learned
        weights = {name: array for name, array in shared.items() if name in learned}

        def timestep(carry: tuple, now: tuple) -> tuple:
            weights, state = carry[:2]
            step, inputs = now
            key_now = jax.random.fold_in(key, step)
            machine = JaxMachine(self._xp, self._dtype, self._n_samples, key_now, self.errors)
            arrays = {**shared, **weights, **trained}
            done = self._program.timestep(machine, arrays, state, {**held, **inputs})
            after = self._devices.keep(of_types(done.state, state), self._program.per_sample)
            if done.due is not None:
                weights = self._learn(machine, arrays, weights, done, after)
            return (weights, after, done.probed[self._output]), None

        steps = jnp.arange(self._n_steps)
        first = jax.tree.map(lambda x: x[0], (steps, series))
        output = jax.eval_shape(timestep, (weights, state), first)[0][-1]
        start = (weights, state, jnp.zeros(output.shape, output.dtype))
        (weights, state, output), _ = jax.lax.scan(timestep, start, (steps, series))
        return output, ({**shared, **weights}, state)

    def _learn(self, machine, arrays, weights, done, state):
        """Apply the learning rules, whose changes have no gradient."""
        arrays, weights, seen, state = jax.lax.stop_gradient(
            (arrays, weights, done.seen, state)
        )

        def learn() -> Arrays:
            new = self._program.learn(machine, arrays, state, seen)
            return of_types({name: new[name] for name in weights}, weights)

        return jax.lax.cond(done.due, learn, lambda: weights)
