"""The same three calls (a model asks for an order, a tool finds it, the model answers) as each peer would make them."""
