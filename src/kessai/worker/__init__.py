"""What happens without a request: deliveries, timers, pruning."""
