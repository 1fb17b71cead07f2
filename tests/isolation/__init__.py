"""No request has the user of another request."""
