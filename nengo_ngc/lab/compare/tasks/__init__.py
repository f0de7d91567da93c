"""What is asked of the models of a comparison, each registered in one line."""

from ...registry import Registry
from .base import Curve, Points, Task
from .few_labels import FewLabels
from .noise import Noise
from .stream import Stream

__all__ = ["TASKS", "Curve", "Points", "Task"]

# tasks by name; one line registers another: TASKS["name"] = MyTask()
TASKS = Registry("task", Task, "nengo_ngc.tasks")
TASKS["accuracy"] = Task()
TASKS["few-labels"] = FewLabels()
TASKS["stream"] = Stream()
TASKS["noise"] = Noise()
