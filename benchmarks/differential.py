"""Random networks on nengo.Simulator and another one: many more than the tests run.

Makes networks at random and compares the numbers that two simulators give, to float32
rounding. The smallest network on which they differ is shown as an error.

    python -m benchmarks.differential --backend jax --examples 200 --seed 1
"""

import click
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.backends.random_networks import scripts
from tests.backends.test_differential import PIECES, assert_same_numbers

from ._report import benchmark


@benchmark
@click.option("--backend", default="nengo-dl", help="Another simulator, nengo-dl or jax.")
@click.option("--examples", default=200, help="Networks to compare.")
@click.option("--seed", "number", default=0, help="Seed of the networks.")
def main(report, backend, examples, number):
    """Compare."""
    report.seeds(number)
    count = 0

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(scripts(), st.sampled_from([None, 1, 3]), PIECES)
    def compare(script, minibatch_size, pieces):
        nonlocal count
        assert_same_numbers(backend, script, minibatch_size, pieces)
        count += 1

    compare()
    report.say(
        "{n} random networks give the same numbers on {sim} as on Nengo", n=count, sim=backend
    )


if __name__ == "__main__":
    main()
