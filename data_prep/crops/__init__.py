"""Windows in images, and the crops that are cut there."""
