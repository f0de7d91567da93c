"""Learning from data sets, epoch by epoch: a trainer, and the task that it teaches."""

from .images import Images
from .stopping import Patience
from .task import Task
from .trainer import Trainer

__all__ = ["Images", "Patience", "Task", "Trainer"]
