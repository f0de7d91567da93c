"""Learning from data sets, epoch by epoch."""
