"""The user's arrays and the transforms of functions over them."""
