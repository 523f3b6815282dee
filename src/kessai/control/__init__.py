"""What operators ask: health, readiness, metrics, the reference pages."""
