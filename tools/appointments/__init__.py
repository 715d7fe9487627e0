"""A practice that gives appointments: free times, booking, moving, cancelling."""
