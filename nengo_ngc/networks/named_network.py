"""The base of all networks: objects that have names, and defaults that nobody changes."""

from typing import Any

import nengo
from nengo.config import Config
from nengo.exceptions import ValidationError

from ..validation import FlagParam, SeedParam, TextParam, checked, unknown
from .named_list import NamedList

# arguments of every network
NETWORK = TextParam("label"), SeedParam(), FlagParam("add_to_container")


class NamedNetwork(nengo.Network):
    """A network whose objects are found by name.

    Subclasses set ``_visible``, the objects that can be probed by name.

    What is created in this network has Nengo's own defaults, whatever the configuration of a
    network around it says. Thus a model computes the same wherever it is used. Settings in
    ``config`` of this network itself apply to objects that are added to it.

    Parameters
    ----------
    label, seed, add_to_container
        As for `nengo.Network`.
    """

    def __init__(
        self,
        label: str | None = None,
        seed: int | None = None,
        add_to_container: bool | None = None,
    ) -> None:
        super().__init__(label=label, seed=seed, add_to_container=add_to_container)
        self._visible: dict[str, Any] = {}
        for kind in (nengo.Ensemble, nengo.Node, nengo.Connection):
            self.objects[kind] = NamedList(kind, self)

    @staticmethod
    def default_config() -> Config:
        """Return a configuration that states each of Nengo's defaults.

        Nengo looks for a default in this network first, and then in those around it.
        """
        config = nengo.Network.default_config()
        for kind in config.params:
            for name in config[kind].default_params:
                parameter = config[kind].get_param(name)
                if parameter.configurable:
                    setattr(config[kind], name, parameter.default)
        return config

    @property
    def ensembles(self) -> NamedList:
        """Ensembles of the network, also by name, as in ``ensembles["z1"]``."""
        return self.objects[nengo.Ensemble]

    @property
    def nodes(self) -> NamedList:
        """Nodes of the network, also by name, as in ``nodes["input"]``."""
        return self.objects[nengo.Node]

    @property
    def connections(self) -> NamedList:
        """Connections of the network, also by name, as in ``connections["W1"]``."""
        return self.objects[nengo.Connection]

    @checked(TextParam("name"))
    def probe(self, name: str, **kwargs: Any) -> nengo.Probe:
        """Add a probe of something that the network computes.

        Parameters
        ----------
        name : str
            One of the names that the documentation of the class lists.
        **kwargs
            Further arguments of `nengo.Probe`.

        Returns
        -------
        nengo.Probe

        Raises
        ------
        nengo.exceptions.ValidationError
            If the network has nothing of this name.
        """
        with self:
            return nengo.Probe(self._object(name), **kwargs)

    def _object(self, name):
        """What can be probed by a name, or an error."""
        if name not in self._visible:
            raise ValidationError(unknown("name", name, self._visible), attr="name", obj=self)
        return self._visible[name]
