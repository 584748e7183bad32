"""One piece of work from a patient's message to its answer, with everybody whom it concerns."""
