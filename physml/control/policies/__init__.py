"""What to do in a world, learned from rollouts."""
