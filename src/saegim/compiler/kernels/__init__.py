"""Native code for what programs consist of."""
