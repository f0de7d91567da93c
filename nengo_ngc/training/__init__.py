"""Training on data sets, epoch by epoch: the trainer, and the tasks that it trains."""

from .images import Images
from .stopping import Patience
from .task import Task
from .trainer import Trainer

__all__ = ["Images", "Patience", "Task", "Trainer"]
