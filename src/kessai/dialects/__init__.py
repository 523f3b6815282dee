"""The APIs we speak: each a translator over the one core."""
