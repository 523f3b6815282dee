"""What the pretend bank decides: pure, standard library only."""
