"""What samples of a model are worth, each number with its error bar."""
