"""From one graph to phases that run tile by tile."""
