"""Random networks on nengo.Simulator and on ngc.dl.Simulator: many more than the tests run.

python -m benchmarks.differential --examples 200 --seed 1
"""

import argparse

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.backends.random_networks import scripts
from tests.backends.test_differential import PIECES, assert_same_numbers


def main():
    """Compare; the smallest network found on which they differ is shown as an error."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="other networks")
    options = parser.parse_args()
    count = 0

    @seed(options.seed)
    @settings(
        max_examples=options.examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(scripts(), st.sampled_from([None, 1, 3]), PIECES)
    def compare(script, minibatch_size, pieces):
        nonlocal count
        assert_same_numbers(script, minibatch_size, pieces)
        count += 1

    compare()
    print(f"{count} random networks give the same numbers on both simulators")


if __name__ == "__main__":
    main()
