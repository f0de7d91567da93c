"""Lowers Nengo's own learning rules, so that all samples of a minibatch share the weights.

Each rule computes the change of the weights for each sample, and the mean over the samples is
applied. With one sample, this is exactly what Nengo computes.
"""

import nengo.builder.learning_rules as rules

from ...namespace import Array
from .registry import lowers
from .values import Values


def _mean_outer(values: Values, post: Array, pre: Array) -> Array:
    """The mean over the samples of the outer products, (1, n_post, n_pre)."""
    n = max(post.shape[0], pre.shape[0])
    post, pre = values.repeat(post, n), values.repeat(pre, n)
    return (values.xp.einsum("bi,bj->ij", post, pre) / n)[None]


@lowers(rules.SimPES, shared=True)
def lower_pes(op: rules.SimPES, values: Values) -> None:
    """``delta = -kappa dt / n e a``."""
    rate = -op.learning_rate * values.dt / op.pre_filtered.shape[0]
    change = _mean_outer(values, rate * values[op.error], values[op.pre_filtered])
    values.set(op.delta, change)


@lowers(rules.SimBCM, shared=True)
def lower_bcm(op: rules.SimBCM, values: Values) -> None:
    """``delta = kappa dt a_j (a_j - theta) a_i``."""
    post = values[op.post_filtered]
    post = (op.learning_rate * values.dt) * post * (post - values[op.theta])
    values.set(op.delta, _mean_outer(values, post, values[op.pre_filtered]))


@lowers(rules.SimOja, shared=True)
def lower_oja(op: rules.SimOja, values: Values) -> None:
    """``delta = kappa dt (a_i a_j - beta a_j^2 w)``."""
    post, rate = values[op.post_filtered], op.learning_rate * values.dt
    forgotten = values.xp.mean(values.xp.square(post), axis=0, keepdims=True)
    forgotten = op.beta * forgotten[:, :, None] * values[op.weights]
    learned = _mean_outer(values, post, values[op.pre_filtered])
    values.set(op.delta, rate * (learned - forgotten))


@lowers(rules.SimVoja, shared=True)
def lower_voja(op: rules.SimVoja, values: Values) -> None:
    """``delta = kappa dt l (s a x - a e)``."""
    xp, scale = values.xp, op.scale.astype(values.machine.dtype)
    learns = values[op.learning_signal]
    post = (op.learning_rate * values.dt) * learns * values[op.post_filtered]
    learned = _mean_outer(values, scale * post, values[op.pre_decoded])
    forgotten = xp.mean(post, axis=0, keepdims=True)[:, :, None]
    values.set(op.delta, learned - forgotten * values[op.scaled_encoders])


@lowers(rules.SimRLS, shared=True)
def lower_rls(op: rules.SimRLS, values: Values) -> None:
    """``P = P - P r r' P / (1 + r' P r); delta = -e (P r)'``; the second P is new."""
    xp, r, P = values.xp, values[op.pre_filtered], values.shared(op.inv_gamma)
    Pr = xp.einsum("ij,bj->bi", P, r)
    share = 1 / (1 + xp.sum(r * Pr, axis=1, keepdims=True))
    values.set(op.inv_gamma, P[None] - _mean_outer(values, Pr, share * Pr))
    values.set(op.delta, -_mean_outer(values, values[op.error], share * Pr))
