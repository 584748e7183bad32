"""Nothing leaks, by content or by difference: who × what a Task is to her × every way of asking."""
