"""Packaging of nengo-ngc."""

import pathlib
import runpy

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

root = pathlib.Path(__file__).parent
version = runpy.run_path(str(root / "nengo_ngc" / "version.py"))


class BuildWithCommit(build_py):
    """The usual build, which also records from which commit the package was built."""

    def run(self):
        super().run()
        commit = None if self.editable_mode else version["commit"]()
        if commit:
            path = pathlib.Path(self.build_lib, "nengo_ngc", version["COMMIT_FILE"])
            path.write_text(commit, "utf-8")


extras = {
    "dl": ["nengo-dl==3.6.0", "tensorflow>=2.16", "tf-keras>=2.16"],
    "jax": ["jax>=0.8.1"],
    "dask": ["dask>=2024.1", "distributed>=2024.1"],
    "follow": ["tensorboardX>=2.6"],
    "gui": ["nengo-gui>=0.5", "nengo-spa>=2"],
    "nir": ["nir>=1.0.8"],
    "search": ["optuna>=4"],
    "docs": [
        "docutils>=0.22",
        "myst-parser>=4",
        "nengo-spa>=2",
        "numpydoc>=1.8",
        "pydata-sphinx-theme>=0.16",
        "sphinx>=8",
        "sphinx-gallery>=0.19",
    ],
    "test": [
        "dask>=2024.1",
        "distributed>=2024.1",
        "hypothesis>=6.100",
        "import-linter>=2.17",
        "mypy>=1.15",
        "nengo-spa>=2",
        "nir>=1.0.8",
        "optuna>=4",
        "pandas>=2",
        "pytest>=7,<9",
        "pytest-allclose>=1.0",
        "pytest-plt>=1.1",
        "pytest-rng>=1.0",
        "pytest-xdist>=3",
        "ruff>=0.17,<0.18",
        "selenium>=4.11",
        "tensorboardX>=2.6",
    ],
}
extras["all"] = sorted({package for group in extras.values() for package in group})

setup(
    name="nengo-ngc",
    version=version["__version__"],
    cmdclass={"build_py": BuildWithCommit},
    description="Neural generative coding and its relatives for Nengo",
    long_description=(root / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    packages=[*find_packages(include=["nengo_ngc", "nengo_ngc.*"]), "nengo_ngc.examples"],
    package_dir={"nengo_ngc.examples": "examples"},
    package_data={
        "nengo_ngc.lab": ["templates/*.html", "recipes/*.toml"],
        "nengo_ngc.examples": ["*.cfg", "*.npz"],
    },
    python_requires=">=3.11",
    install_requires=[
        "click>=8",
        "jinja2>=3",
        "joblib>=1.4",
        "matplotlib>=3.7",
        "nengo>=4.0",
        "numpy>=1.24",
        "pillow>=10.1",
        "pooch>=1.7",
        "scikit-learn>=1.6",
        "threadpoolctl>=3",
        "tqdm>=4.60",
    ],
    extras_require=extras,
    entry_points={
        "console_scripts": ["nengo-ngc=nengo_ngc.__main__:main"],
        "nengo.backends": [
            "ngc-dl=nengo_ngc.dl:Simulator",
            "ngc-jax=nengo_ngc.jax:Simulator",
        ],
    },
    classifiers=[
        "Framework :: Nengo",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
