"""No request ever sees another one's user."""
