"""Bad values for every argument of every public signature, and what each call does with them.

The walk finds classes, functions and methods by itself. ``GOOD`` has valid values for those
that need arguments, and ``NOT_CALLED_BY_USERS`` names those that users do not call. The
command line, and the arguments that come from files, have tests of their own.
"""

import copy
import functools
import importlib
import inspect
import re
import sys
import tempfile
import types
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import nengo
import numpy as np
from nengo.params import Parameter

import nengo_ngc as ngc
from nengo_ngc import gui

from ..conftest import HAS_DL, HAS_NIR

MODULES = (
    "lab.datasets",
    "lab.datasets.idx",
    "rules.optimizers",
    "rules.optimizer_wrappers",
    "rules.base",
    "rules.competitive",
    "rules.error_driven",
    "rules.homeostasis",
    "rules.lateral",
    "rules.memory",
    "rules.precision",
    "rules.backprop",
    "rules.feedback_alignment",
    "rules.layer_error",
    "rules.layer_rule",
    "rules.signals",
    "schedule",
    "training.annealing",
    "neurons.activations",
    "neurons.derivatives",
    "neurons.integrators",
    "neurons.latent",
    "neurons.pointwise",
    "neurons.winners",
    "objects.nodes",
    "objects.synapses",
    "objects.transforms",
    "networks.adaptive_winners",
    "networks.associative",
    "networks.classifiers",
    "networks.feedforward_classifier",
    "networks.predictive_coding_classifier",
    "networks.competitive",
    "networks.gncn",
    "networks.hopfield",
    "networks.pff",
    "networks.sparse_encoder",
    "networks.spiking_winners",
    "networks.base",
    "networks.named_network",
    "learned.files",
    "models.base",
    "models.rule_classifier",
    "models.codes",
    "models.hebbian",
    "models.classifier",
    "models.density",
    "models.ngc",
    "models.pff",
    "models.sdr",
    "metrics.classification",
    "metrics.likelihood",
    "metrics.reconstruction",
    "metrics.vectors",
    "metrics.codes",
    "metrics.code_losses",
    "lab.plots.classes",
    "lab.plots.curves",
    "lab.plots.images",
    "gui.displays",
    "gui.weights",
    "gui.launcher",
    "lab.check",
    "nir.export",
    "nir.load",
    "backends.nengo_dl.losses",
)

# whole names, or those of methods, and why nobody's mistakes reach them
NOT_CALLED_BY_USERS = {
    # by simulators, at every timestep or while they build
    **dict.fromkeys(
        "activity carry_back constrain gain_bias init iteration is_due is_first "
        "is_last make_state make_step max_rates_intercepts move n_winners prior rates "
        "remaining size_of_step soft_activity step applies_rules threshold update".split(),
        "simulators",
    ),
    "neurons.integrators.Integrator.advance": "simulators",
    "neurons.integrators.Integrator.check": "simulators",
    "rules.backprop.BackProp.check": "simulators",
    "rules.feedback_alignment.FeedbackAlignment.check": "simulators",
    **dict.fromkeys(
        (
            f"neurons.activations.{name}.derivative"
            for name in ("GELU", "HardTanh", "LeakyRectifiedLinear")
        ),
        "simulators",
    ),
    "neurons.pointwise.Pointwise.check": "simulators",
    "neurons.winners.KWinnersTakeAll.check": "simulators",
    "neurons.derivatives.adaptation_before": "simulators",
    "objects.transforms.Transposed.sample": "simulators",
    "rules.feedback_alignment.FeedbackAlignment.sample": "simulators",
    "rules.feedback_alignment.FeedbackAlignment.signed": "simulators",
    "rules.layer_rule.LayerRule.check": "simulators",
    **dict.fromkeys(
        "modifies_on size_on memory remember remembered project".split(), "simulators"
    ),
    "rules.signals.by_name": "simulators",
    "rules.signals.places": "simulators",
    "rules.optimizer_wrappers.bound_rows": "simulators",
    "rules.lateral.ends_of_groups": "simulators",
    "rules.memory.active": "simulators",
    "rules.memory.check_binary": "simulators",
    "neurons.winners.k_winners": "simulators",
    **dict.fromkeys(
        "cross_entropy from_inverse_root indicator inverse_root is_wrong logistic norm "
        "normalize through_normalize".split(),
        "simulators",
    ),
    "neurons.functions.softmax": "simulators",
    "metrics.code_losses.PairwiseLoss": "its subclasses",
    "metrics.code_losses.PairwiseLoss.mean": "the training loop",
    "of_cosines": "the training loop",
    "models.tasks.pff.wrong_labels": "the training loop",
    # helpers of the networks
    "networks.parts.neurons": "networks",
    "networks.parts.seed_of": "networks",
    "networks.classifiers.takes_time": "networks",
    "networks.classifiers.Classifier": "its subclasses",
    "networks.classifiers.predicted": "simulators",
    "networks.base.LearningNetwork": "its subclasses",
    "networks.named_network.NamedNetwork": "its subclasses",
    # records that only the package makes
    "metrics.likelihood.LogMean": "log_mean_exp",
    "metrics.reconstruction.logs": "other measures",
    "metrics.reconstruction.check_bernoulli": "other measures",
    "lab.datasets.find": "lab.datasets.load",
    "lab.datasets.called": "lab.datasets.load",
    **dict.fromkeys(
        [
            f"lab.datasets.idx.{name}"
            for name in ("is_packed", "mapped", "header_size", "parse")
        ],
        "lab.datasets.load",
    ),
    "networks.competitive.nearest_bias": "networks",
    **dict.fromkeys(
        (f"networks.classifiers.OutputLoss{name}" for name in ("", ".of", ".prediction")),
        "networks",
    ),
    "rules.optimizers.Optimizer": "its subclasses",
    "models.base.NetworkEstimator": "its subclasses",
    "objects.transforms.FromParameter": "load",
    "gui.weights.WeightDisplay.on_step": "Nengo GUI",
}


@dataclass(frozen=True)
class Target:
    """One public signature.

    Parameters
    ----------
    name : str
    call : callable
        Takes the arguments.
    good : dict
        Arguments with which a call succeeds.
    signature : dict
        The defaults of all arguments, by name; ``inspect.Parameter.empty`` if there is none.
    """

    name: str
    call: object
    good: dict
    signature: dict

    def example(self, name):
        """A value that an argument can have, by which one sees what kind it is of."""
        for value in (self.good.get(name), self.signature[name]):
            if value is not None and value is not inspect.Parameter.empty:
                return value
        return EXAMPLES.get(name)


# --- values

HUGE = 10**400


class Strange:
    """No argument is of this class."""

    def __repr__(self):
        return "Strange()"


ALWAYS = {
    "True": True,
    "nan": float("nan"),
    "inf": float("inf"),
    "10**400": HUGE,
    "10**12": 10**12,
    "1e300": 1e300,
    "1j": 1j,
    "'x'": "x",
    "b'x'": b"x",
    "[]": [],
    "{}": {},
    "()": (),
    "['x']": ["x"],
    "[nan]": [float("nan")],
    "{'x': 1}": {"x": 1},
    "a set": {1, 2},
    "an object": Strange(),
    "a class": Strange,
    "a function": lambda *args, **kwargs: None,
    "[None]": [None],
    "-1": -1,
    "0": 0,
    "2.5": 2.5,
    "''": "",
    "array of 0 entries": np.zeros(0),
    "array of complex numbers": np.ones((2, 2), dtype=complex),
    "array of strings": np.array(["x", "y"]),
}

QUICK = {"True", "nan", "10**400", "1j", "b'x'", "an object", "{'x': 1}"}

# arguments whose default, None, does not show what they are
EXAMPLES = {
    "binarize": True,
    "active_above": 0.5,
    "batch_size": 4,
    "first_hardness": 1.0,
    "first_sparsity": 0.5,
    "group_size": 2,
    "image_shape": (8, 8),
    "label": "name",
    "learning_rate": 0.01,
    "n_iter_no_change": 2,
    "n_out": 4,
    "n_winners": 2,
    "norm_bound": 1.0,
    "nudging": -0.5,
    "port": 8080,
    "prior": 0.01,
    "random_state": 0,
    "seed": 0,
    "steps": 2,
    "tied": True,
    "tolerance": 0.1,
    "weight_std": 0.1,
    "pre_synapse": 0.01,
    "post_synapse": 0.01,
    "add_to_container": True,
}


def values_for(target, name):
    """Bad values for one argument, by what they are called."""
    default, example = target.signature[name], target.example(name)
    values = dict(ALWAYS)
    if default is not None:
        values["None"] = None
    for what in legitimate(target, name, example):
        values.pop(what, None)
    return values


def legitimate(target, name, example):
    """Which of the values are none the worse for an argument of this kind."""
    found = set()
    if isinstance(example, bool):
        found |= {"True"}
    elif isinstance(example, (float, np.floating)):
        found |= {"2.5", "10**12"}
    elif isinstance(example, Path) or name in ("path", "folder"):
        found |= {"'x'", "''"}
    elif isinstance(example, str) and name in ("label", "reason", "where"):
        found |= {"'x'", "''"}
    for (where, argument), (which, _) in ACCEPTED.items():
        if re.fullmatch(where, target.name) and re.fullmatch(argument, name):
            found |= set(which)
    return found


_NONE = ("[]", "()", "array of 0 entries")

# what else is accepted, where and of which arguments (regular expressions), and why
ACCEPTED = {
    (".*", "seed|random_state"): (("0",), "a seed like others"),
    (".*", "about"): (("{'x': 1}", "{}"), "anything that JSON can hold"),
    ("lab.datasets.load", "data_dir"): (("'x'",), "digits come with scikit-learn"),
    (
        r"rules.optimizer(s|_wrappers)\..*",
        "beta_1|beta_2|momentum|smoothing|decay|floor|first|warm_up|hold",
    ): (("0",), "nothing is left"),
    (r".*\.RuleClassifier", "weight_decay|floor|warm_up|warm_up_from"): (
        ("0",),
        "there is none",
    ),
    (r".*\.RuleClassifier", "anneal"): (("True",), "linearly"),
    (r".*\.PFFClassifier", "hold"): (("0",), "there is none"),
    (r".*\.LeakyRectifiedLinear", "slope"): (("0",), "as without a leak"),
    (".*", "leak|prior|momentum|noise|homeostasis|scaling|g_units"): (("0",), "there is none"),
    (r".*\.PFF(Classifier)?", "carry"): (("0",), "there is none"),
    ("training.annealing.geometric", "n"): (("0",), "nothing has changed yet"),
    (".*", "threshold|active_above|self_excitation|cross_inhibition"): (
        ("0", "-1"),
        "any number has a meaning",
    ),
    ("gui.displays.ImageDisplay", "low"): (("0", "-1"), "any number has a meaning"),
    (".*", "pre_synapse|post_synapse|synapse"): (("0", "None"), "a delay, or no filter"),
    (".*", "size_in"): (("0",), "there is no signal"),
    ("rules.signals.Memory", "shape"): (_NONE, "a single number"),
    ("rules.signals.Memory", "initial"): (("0", "-1"), "any number has a meaning"),
    ("rules.precision.Precision", "norm_bound"): (("None",), "there is no bound"),
    (r"networks\..*", "rule|make|learning_rule_type|recognition_rule_type|optimizer"): (
        ("None",),
        "nothing learns",
    ),
    (r"metrics\.(codes.mutual_information|reconstruction.probe_error)", "random_state"): (
        ("None",),
        "drawn anew",
    ),
    (".*", "parameters|state"): (("{}",), "nothing is given"),
    ("neurons.*", "initial_state"): (("{}",), "nothing is given"),
    (".*", "function|make|network|on_batch|negatives|say|weights"): (
        ("a class", "a function"),
        "can be called; what it does then is its own matter",
    ),
    (r"models\..*Rule", "optimizer"): (("a class", "a function"), "can be called"),
    (".*", "others|titles|history|panels|clamped"): (_NONE, "there are none"),
    (".*LayeredHopfield", "clamped"): (("0",), "one layer"),
    (r"lab.plots.images.image_grid|gui\..*Display", "titles"): (("['x']",), "one title"),
    (r"lab.plots\..*", "classes"): (("array of strings",), "labels may be text"),
    ("models.pff.PFFClassifier.sample", "label"): (("0",), "one of the labels"),
    (r".*(NGCModel\.(fit|partial_fit)|DensityEstimator\.score)", "y"): (
        tuple(ALWAYS),
        "ignored, as scikit-learn wants it",
    ),
}


# --- what is called


_X = np.random.RandomState(0).rand(12, 64).round(3)
_Y = np.arange(12) % 2

_MODELS = {
    "NGCModel": dict(
        n_hidden=(4,), batch_size=4, steps=2, max_epochs=1, n_top_group=2, n_mixture=2
    ),
    "RuleClassifier": dict(n_hidden=(4,), batch_size=4, max_epochs=1),
    "PFFClassifier": dict(
        n_hidden=(4,), batch_size=4, max_epochs=1, steps=2, g_units=2, n_group=2, n_mixture=2
    ),
    "HebbianEncoder": dict(
        n_hidden=(4,), n_units=8, batch_size=4, max_epochs=3, sparsity=0.25, patch=3
    ),
    "SDREncoder": dict(n_hidden=(4,), n_units=8, batch_size=4, max_epochs=1, sparsity=0.25),
}


def _model(name, **kwargs):
    backend = "auto" if name == "SDREncoder" else "nengo"
    arguments = {"backend": backend, "random_state": 0, **_MODELS[name]}
    return getattr(ngc, name)(**{**arguments, **kwargs})


def _fit(name):
    def fit(**kwargs):
        return _model(name, **kwargs).fit(_X, _Y)

    return fit


@functools.cache
def _fitted(name):
    return _model(name).fit(_X, _Y)


def _layers():
    """A connection that learns by backprop, the next one, and where that one leads."""
    with nengo.Network():
        pre, post = (nengo.Ensemble(4, 1, neuron_type=nengo.RectifiedLinear()) for _ in "ab")
        out = nengo.Node(size_in=1)
        after = nengo.Connection(post, out)
        layer = nengo.Connection(pre, post, learning_rule_type=ngc.BackProp(after))
    return layer, after, out


@functools.cache
def _network(name):
    """A network in a simulator."""
    name = "GNCN" if name in ("LearningNetwork", "NamedNetwork") else name
    with nengo.Network(seed=0) as model:
        net = getattr(ngc.networks, name)(**GOOD[f"networks.{_home(name)}.{name}"])
    return net, nengo.Simulator(model, progress_bar=False)


def _home(name):
    return getattr(ngc.networks, name).__module__.split(".")[-1]


def _told():
    """A connection that learns by a rule with two errors, and the rule."""
    rule = ngc.rules.TiedAutoEncoder(3, 4)
    with nengo.Network():
        pre, post = (nengo.Ensemble(n, 1).neurons for n in (4, 3))
        W = np.zeros((3, 4))
        return nengo.Connection(pre, post, transform=W, learning_rule_type=rule), rule


class _Neurons(nengo.neurons.NeuronType):
    """A type that nothing else in this process uses."""


_LAYER, _AFTER, _OUT = _layers()
_TAUGHT, _TEACHING = _told()
_TEMPORARY = tempfile.TemporaryDirectory()  # until this process ends
_FOLDER = Path(_TEMPORARY.name)
_CODES = (np.random.RandomState(0).rand(6, 8) < 0.4).astype(float)
_SHAPE = {"shape": (6, 4, 3)}


def _saved():
    """A network with a simulator, and the path of what was saved of both."""
    with nengo.Network() as network:
        nengo.Ensemble(2, 1)
    sim = nengo.Simulator(network, progress_bar=False)
    arguments = {"path": _FOLDER / "learned.npz", "network": network, "sim": sim}
    ngc.save(**arguments)
    return arguments


_SAVED = _saved()


def _idx_file():
    path = _FOLDER / "labels.idx"
    path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 7]))
    return path


def _nir_file():
    """The path of a graph, of which nothing is written if the package nir is missing."""
    path = _FOLDER / "graph.nir"
    if HAS_NIR:
        nir = importlib.import_module("nir")
        nir.write(path, nir.NIRGraph.from_list(nir.Linear(np.eye(2))))
    return path


def _simulated():
    with nengo.Network() as network:
        nengo.Probe(nengo.Node(np.sin))
    return {"network": network, "sim": nengo.Simulator(network, progress_bar=False)}


GOOD = {
    "lab.datasets.load": {"name": "digits"},
    "lab.datasets.idx.read_idx": {"path": _idx_file()},
    "rules.optimizer_wrappers.Annealed": {"optimizer": ngc.SGD(), "n_updates": 3},
    "rules.optimizer_wrappers.Clipped": {"optimizer": ngc.SGD()},
    "rules.optimizer_wrappers.Bounded": {"optimizer": ngc.SGD()},
    "rules.base.LocalRule.signal": {"connection": _TAUGHT, "name": "up"},
    "rules.signals.Memory": {"shape": 3},
    "rules.lateral.Lateral": {"L": np.eye(3), "mask": np.ones((3, 3))},
    "rules.precision.Precision": {"Sigma": np.eye(3)},
    "rules.feedback_alignment.FeedbackAlignment": {"output": _OUT},
    "rules.feedback_alignment.DirectFeedbackAlignment": {"output": _OUT},
    "rules.layer_error.LayerError": {"connection": _LAYER},
    "training.annealing.geometric": {"first": 0.5, "last": 0.1, "factor": 0.5, "n": 2},
    "schedule.Schedule.check_minibatch": {"minibatch_size": 2},
    "neurons.derivatives.derivative": {"neuron_type": nengo.Tanh()},
    "neurons.derivatives.register_derivative": {"kind": _Neurons, "function": max},
    "objects.nodes.PureNode": {"function": lambda xp, x: x, "size_in": 2},
    "objects.synapses.Delay": {"steps": 2},
    "objects.transforms.AtStart": {
        "shape": (2, 2),
        "init": np.eye(2),
        "schedule": ngc.Schedule(),
    },
    "objects.transforms.Transposed": {"connection": _AFTER},
    "objects.transforms.average_pool": {"shape": (4, 4, 2)},
    "nir.export.export": _simulated(),
    "nir.load.load": {"graph": _nir_file()},
    "objects.transforms.ZeroPadding": {"input_shape": (1, 4, 3), "pads": (1, 0)},
    "learned.files.save": _SAVED,
    "learned.files.load": {name: _SAVED[name] for name in ("path", "network")},
    "networks.adaptive_winners.AdaptiveWinners": {"n_neurons": 8},
    "networks.associative.AssociativeMemory": {"n_in": 6},
    "networks.feedforward_classifier.FeedforwardClassifier": _SHAPE,
    "networks.predictive_coding_classifier.PredictiveCodingClassifier": _SHAPE,
    "networks.classifiers.HiddenRule": {"make": None},
    "networks.competitive.CompetitiveLayer": {"shape": (6, 20)},
    "networks.competitive.PatchEncoder": {
        "image_shape": (4, 4),
        "filters": np.eye(4),
        "thresholds": np.zeros((4, 1)),
        "grid": 2,
        "n_units": 20,
    },
    "networks.gncn.GNCN": {"shape": (6, 4, 3), "n_group": 2, "n_top_group": 3},
    "networks.gncn.GNCN.generate": {"z": np.ones((2, 3))},
    "networks.hopfield.LayeredHopfield": _SHAPE,
    "rules.memory.TiedAutoEncoder": {"n_post": 3, "n_pre": 4},
    "networks.pff.PFF": {"shape": (6, 4), "n_classes": 2, "g_units": 2, "n_group": 2},
    "networks.pff.PFF.generate": {"z_g": np.ones((2, 2))},
    "networks.sparse_encoder.SparseEncoder": {"shape": (6, 4, 20)},
    "networks.spiking_winners.SpikingWinners": {"n_neurons": 20},
    "networks.base.LearningNetwork.settled": {"name": "e0"},
    "networks.named_network.NamedNetwork.probe": {"name": "e0"},
    "models.rule_classifier.Rule": {"network": len},
    "models.base.NetworkEstimator.save": {"path": _FOLDER / "model.npz"},
    "metrics.reconstruction.binary_cross_entropy": {"X": _X, "mu": _X},
    "metrics.reconstruction.mse": {"X": _X, "mu": _X},
    "metrics.reconstruction.masked_mse": {"X": _X, "mu": _X, "mask": np.ones(64, dtype=bool)},
    "metrics.likelihood.pairwise_log_likelihood": {"X": _X, "means": _X},
    "metrics.likelihood.log_mean_exp": {"log_weights": -_X},
    "metrics.classification.probe_error": {
        "Z_train": _X,
        "y_train": _Y,
        "Z_test": _X,
        "y_test": _Y,
    },
    "metrics.classification.cross_entropy": {"output": _X, "target": _X},
    "metrics.vectors.angle": {"a": np.ones(3), "b": np.ones(3)},
    "metrics.codes.sparsity": {"codes": _CODES},
    "metrics.codes.unit_entropy": {"codes": _CODES},
    "metrics.codes.overlap": {"codes": _CODES},
    "metrics.codes.union": {"codes": _CODES, "others": _CODES},
    "metrics.codes.intersection": {"codes": _CODES, "others": _CODES},
    "metrics.codes.difference": {"codes": _CODES, "others": _CODES},
    "metrics.codes.class_means": {"codes": _CODES, "labels": _Y[:6]},
    "metrics.codes.centroids": {"codes": _CODES, "labels": _Y[:6], "n_winners": 2},
    "metrics.codes.nearest_centroid": {
        "codes": _CODES,
        "classes": np.arange(6),
        "centroids": _CODES,
    },
    "metrics.codes.mutual_information": {"a": _Y, "b": _CODES[[0, 1] * 6], "n_clusters": 2},
    "lab.plots.images.image_grid": {
        "rows": [_X[:2]],
        "image_shape": (8, 8),
        "path": _FOLDER / "p.png",
    },
    "lab.plots.curves.learning_curves": {
        "history": [{"epoch": 1, "bce": 0.5}],
        "panels": [("BCE", {"bce": "training"})],
        "path": _FOLDER / "p.png",
    },
    "lab.plots.classes.class_codes": {
        "classes": np.arange(2),
        "means": np.eye(2),
        "path": _FOLDER / "p.png",
    },
    "lab.plots.classes.latent_map": {"Z": _X, "y": _Y, "path": _FOLDER / "p.png"},
    "gui.displays.ImageDisplay": {"image_shape": (2, 2)},
    "gui.displays.ImageDisplay.pixels": {"x": np.zeros(4)},
    "gui.weights.WeightDisplay": {"weights": lambda sim: np.eye(4), "image_shape": (2, 2)},
    "gui.displays.data_uri": {"pixels": np.zeros((2, 2), dtype=np.uint8)},
    "gui.launcher.copy_examples": {"folder": _FOLDER / "examples"},
    "gui.launcher.open_example": {"name": "k_winners", "folder": _FOLDER / "examples"},
}

# of methods of models
_DATA = {
    "X": _X,
    "y": _Y,
    "X_val": _X,
    "y_val": _Y,
    "mask": np.zeros(64, dtype=bool),
    "n_samples": 2,
    "chunk_size": 2,
    "path": _FOLDER / "model.npz",
}


def targets(modules=MODULES):
    """All public signatures of some modules."""
    for module_name in modules:
        if module_name in ("backends.nengo_dl.losses", "models.sdr") and not HAS_DL:
            continue
        if module_name.startswith("nir.") and not HAS_NIR:
            continue
        module = importlib.import_module(f"nengo_ngc.{module_name}")
        for name, thing in sorted(vars(module).items()):
            own = getattr(thing, "__module__", None) == module.__name__
            if not own or name.startswith("_"):
                continue
            full = f"{module_name}.{name}"
            if inspect.isfunction(thing):
                call = _open_example if name == "open_example" else thing
                yield from _target(full, thing, call)
            elif inspect.isclass(thing) and not issubclass(thing, Parameter):
                yield from _of_class(full, thing)


def _of_class(full, cls):
    call = _fit(cls.__name__) if cls.__name__ in _MODELS else _built(cls)
    yield from _target(full, cls.__init__, call, cls)
    for name, method in sorted(vars(cls).items()):
        if name.startswith("_"):
            continue
        if isinstance(method, classmethod):
            yield from _target(f"{full}.{name}", method.__func__, _load)
        elif inspect.isfunction(method):
            yield from _target(f"{full}.{name}", method, _bound(cls, name))


def _open_example(**kwargs):
    main = types.SimpleNamespace(main=lambda: None)  # without a browser
    with (
        mock.patch.dict(sys.modules, {"nengo_gui.main": main}),
        mock.patch.object(sys, "argv", []),
    ):
        gui.open_example(**kwargs)


def _load(**kwargs):
    copy.deepcopy(_fitted("NGCModel")).save(_DATA["path"])
    return ngc.NGCModel.load(**kwargs)


def _built(cls):
    def build(**kwargs):
        with nengo.Network():
            return cls(**kwargs)

    return build


_OBJECTS = {
    "LocalRule": lambda: _TEACHING,
    "Schedule": lambda: ngc.Schedule(1, 4),
    "ImageDisplay": lambda: gui.ImageDisplay((2, 2)),
    "NetworkEstimator": lambda: copy.deepcopy(_fitted("NGCModel")),
    "DensityEstimator": lambda: copy.deepcopy(_fitted("NGCModel")),
    "ImageClassifier": lambda: copy.deepcopy(_fitted("RuleClassifier")),
    "CodeClassifier": lambda: copy.deepcopy(_fitted("HebbianEncoder")),
}


def _bound(cls, name):
    def call(**kwargs):
        if cls.__name__ in _OBJECTS:
            owner = _OBJECTS[cls.__name__]()
        elif cls.__name__ not in _MODELS:
            owner = _network(cls.__name__)[0]
        elif name in ("fit", "epochs", "partial_fit"):
            owner = _model(cls.__name__)
        else:
            owner = copy.deepcopy(_fitted(cls.__name__))
        done = getattr(owner, name)(**kwargs)
        return list(done) if inspect.isgenerator(done) else done

    return call


def _target(full, function, call, cls=None):
    if full in NOT_CALLED_BY_USERS or full.split(".")[-1] in NOT_CALLED_BY_USERS:
        return
    signature = _signature(function, cls)
    if not signature:
        return
    good = {**_usual(full, signature, cls), **GOOD.get(full, {})}
    needed = [n for n, default in signature.items() if default is inspect.Parameter.empty]
    missing = set(needed) - set(good)
    if missing:
        raise AssertionError(f"GOOD has nothing for {sorted(missing)} of {full}")
    yield Target(full, call, good, signature)


def _usual(full, signature, cls):
    """Good values for arguments that methods of networks and models have in common."""
    owner = full.split(".")[-2]
    usual = {}
    if cls is None and full.startswith("models."):
        usual = _DATA
    elif (
        cls is None
        and owner != "files"
        and owner[0].isupper()
        and {"sim", "parameters"} & signature.keys()
    ):
        net, sim = _network(owner)
        usual = {"sim": sim, "parameters": net.parameters(sim), "state": net.state(sim)}
    return {name: value for name, value in usual.items() if name in signature}


def _signature(function, cls):
    """Defaults by name, of what ``**kwargs`` hands on to base classes, too."""
    found, functions = {}, [function]
    if cls is not None:
        functions = [vars(c)["__init__"] for c in cls.__mro__ if "__init__" in vars(c)]
    for function in functions:
        parameters = inspect.signature(function).parameters.values()
        for p in parameters:
            named = p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            if named and p.name not in ("self", "cls"):
                found.setdefault(p.name, p.default)
        if all(p.kind != p.VAR_KEYWORD for p in parameters):
            break
    return found


# --- what becomes of them


def outcome(target, name, value):
    """What a call does with one bad value: "clear", "unclear" or "accepted", and a message."""
    try:
        target.call(**{**target.good, name: value})
    except (TypeError, ValueError) as error:
        message = str(error)
        named = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message)
        told = re.search(r"\b(got|unknown|not recognized|None)\b", message)
        return ("clear" if named and told else "unclear"), f"{type(error).__name__}: {message}"
    except Exception as error:
        return "unclear", f"{type(error).__name__}: {error}"
    return "accepted", ""
