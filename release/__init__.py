"""What belongs to a release beside its wheel: the audit and licences of the dependencies, and a bill of materials."""
