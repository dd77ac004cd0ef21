"""What one network makes, another tells from data."""
