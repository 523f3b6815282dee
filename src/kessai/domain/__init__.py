"""What a payment may do: pure values and rules, standard library only."""
