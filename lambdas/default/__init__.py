"""The function behind the route `$default`."""
