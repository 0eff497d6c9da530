"""Networks in Flax Linen; nothing here knows a loss or a method."""
