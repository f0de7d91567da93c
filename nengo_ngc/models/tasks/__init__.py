"""What each model teaches its network: the tasks of their trainers."""
